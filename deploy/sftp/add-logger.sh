#!/usr/bin/env bash
# Gives a station its account and folder at the SFTP server: deploy/sftp/add-logger.sh DT_KCNSADEC_NUOSXL [public-key-file]
#
# The user is the code in lower case (a user of the system), the folder is named by the code as it is registered. Without a
# key a password is made and printed once. Run as root; a station that is there already keeps what it has.
set -euo pipefail

root=${QUANTRAC_STATIONS_DIR:-/srv/quantrac/stations}
code=${1:-}
if [[ ! $code =~ ^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$ ]]; then
    sed -n '2,5s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
user=${code,,}
getent group quantrac-loggers >/dev/null || groupadd --system quantrac-loggers
getent group quantrac-files >/dev/null || groupadd --system quantrac-files
# sshd refuses a chroot that anybody but root can write.
install -d -m 0755 -o root -g root "$root" "$root/$code"
if ! getent passwd "$user" >/dev/null; then
    useradd --no-create-home --home-dir "$root/$code" --shell /usr/sbin/nologin --gid quantrac-loggers "$user"
fi
# Setgid: what the station writes belongs to the group of the drop folder's process, also in folders that it makes.
install -d -m 2770 -o "$user" -g quantrac-files "$root/$code/files"
if [[ -n ${2:-} ]]; then
    install -D -m 0644 -o root -g root "$2" "/etc/quantrac/sftp/keys/$user"
    echo "$user: logs in by key"
elif [[ $(passwd --status "$user" | cut -d' ' -f2) != P ]]; then
    password=$(openssl rand -hex 16)
    chpasswd <<<"$user:$password"
    echo "$user $password"
else
    echo "$user: has a password already"
fi
