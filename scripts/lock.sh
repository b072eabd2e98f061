#!/usr/bin/env bash
# Writes deploy/requirements.lock: what the image installs, in the versions of constraints.txt, each file by its hash.
# To be run after a change of pyproject.toml or constraints.txt; needs the package uv from PyPI.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
echo "setuptools>=77" | ${UV:-uv} pip compile - pyproject.toml --constraint constraints.txt --generate-hashes --no-header \
    --no-annotate --no-emit-index-url --python-version 3.11 --output-file deploy/requirements.lock --quiet
