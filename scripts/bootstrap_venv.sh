#!/usr/bin/env bash
# Prepares .venv: quantrac, what it needs, and the developers' tools, in the versions of constraints.txt.
#
# `make install` calls it. It needs no root, and on Debian no package beyond python3: where Python lacks the parts of
# `python3-venv`, apt brings pip. Done already: it ends at once. Interrupted, moved, or made by a Python that is gone:
# .venv is made anew, from the downloads that are in pip's cache by then.
#
# PYTHON names the Python (3.11 or later); without it an existing .venv keeps its own, and a new one takes python3.
set -euo pipefail
cd -P "$(dirname "$0")/.."
exec >&2 # standard output belongs to the command that make runs next

venv=.venv
stamp=$venv/.installed
unfinished=$venv/.unfinished
extras='[dev,evaluate]'

fail() {
    echo "make install: $1"
    exit 1
}

# What .venv was completed for; empty when its Python does not run.
identity() {
    local version
    version=$("$venv/bin/python" -c 'import sys; print(sys.version)' 2>/dev/null) || return 0
    cat pyproject.toml constraints.txt scripts/bootstrap_venv.sh - <<<"$version $PWD" | sha256sum
}

version_of() {
    "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || true
}

is_of_wanted_python() {
    [[ -z ${PYTHON:-} || $(version_of "$venv/bin/python") == "$(version_of "$PYTHON")" ]]
}

# Whether packages can be added to .venv: none is half installed, its Python runs, and its programs belong to this folder.
is_usable() {
    [[ ! -e $unfinished ]] && "$venv/bin/python" -c 'import pip' 2>/dev/null &&
        head -n 2 "$venv/bin/pip" 2>/dev/null | grep -qF "$PWD/$venv/bin/" && is_of_wanted_python
}

create() {
    local python=${PYTHON:-python3}
    [[ -n $(version_of "$python") ]] || fail "there is no $python here: on Debian, 'apt-get install python3'."
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "$python is version $(version_of "$python"), but 3.11 or later is needed: make install PYTHON=python3.11"
    rm -rf "$venv"
    if "$python" -c 'import ensurepip' 2>/dev/null; then
        "$python" -m venv "$venv"
    else
        "$python" -m venv --without-pip "$venv"
        add_pip
    fi
}

# Debian's Python makes environments without pip unless python3-venv is installed. The package that python3-venv takes
# pip from can be unpacked by anybody.
add_pip() {
    local wheels=/usr/share/python-wheels
    if ! compgen -G "$wheels/pip-*.whl" >/dev/null; then
        fetch_pip_package
        wheels=$venv/apt/unpacked$wheels
    fi
    local wheel
    wheel=$(compgen -G "$wheels/pip-*.whl" | tail -n 1)
    "$venv/bin/python" "$wheel/pip" install --quiet --no-index "$wheel"
    rm -rf "$venv/apt"
}

# The machine's own package sources and signatures, but lists and archives in a folder of ours: only root may write to
# the machine's. Its hooks after an update are about its own archives.
fetch_pip_package() {
    local apt=$PWD/$venv/apt
    local hint="install the package python3-venv, then run make again"
    command -v apt-get >/dev/null || fail "$(version_of "$venv/bin/python") came without pip, and there is no apt: $hint."
    mkdir -p "$apt"/{state/lists/partial,cache/archives/partial,unpacked}
    cat >"$apt/apt.conf" <<EOF
Dir::State "$apt/state";
Dir::State::status "/var/lib/dpkg/status";
Dir::Cache "$apt/cache";
Acquire::Languages "none";
Acquire::Retries "3";
APT::Sandbox::User "root";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
EOF
    echo "Fetching pip from the Debian mirror (this Python came without it) ..."
    (
        cd "$apt"
        apt-get -qq -c apt.conf update && apt-get -qq -c apt.conf download python3-pip-whl && dpkg -x ./*.deb unpacked
    ) || fail "apt could not fetch python3-pip-whl (its reason is above): check the network, or $hint."
}

install() {
    local pip=("$venv/bin/python" -m pip --disable-pip-version-check install --no-input -c constraints.txt)
    # A pip that shows progress and goes on with a broken-off download; and what builds our own package, pinned too.
    "${pip[@]}" --quiet pip setuptools
    # setuptools would warn that packages in this folder take precedence, which is the purpose here.
    PYTHONWARNINGS=ignore::UserWarning "${pip[@]}" --progress-bar on --no-build-isolation -e ".$extras"
}

exec 9<constraints.txt
flock 9 # two at once: the second waits, and finds the work done
if [[ -f $stamp && $(<"$stamp") == "$(identity)" ]] && is_of_wanted_python; then exit 0; fi
echo "Preparing .venv: about two minutes, and about 250 MB to fetch the first time."
is_usable || create
touch "$unfinished"
install || fail "pip could not install everything (its reason is above); run the same command again to go on."
# Once and now, instead of in each process that is the first to need it.
"$venv/bin/python" -c 'from models.station.scorer import warm; warm()' || fail "the model's loops could not be compiled."
identity >"$stamp"
rm "$unfinished"
