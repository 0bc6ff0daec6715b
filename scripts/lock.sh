#!/usr/bin/env bash
# Writes requirements/*.lock: every package with its hashes, and no index host.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${1:?usage: lock.sh PYTHON}
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
"$python" -m venv "$tools"
"$tools/bin/pip" install --quiet --disable-pip-version-check 'uv>=0.9'
lock() {  # lock NAME [OPTION…]: keeps what is locked already unless pyproject.toml forbids it
  local name=$1; shift
  "$tools/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes \
    --no-header --no-emit-index-url --no-emit-find-links --no-annotate ${UPGRADE:+--upgrade} \
    "$@" --output-file "requirements/$name.lock" pyproject.toml requirements/build.in
}
lock runtime
lock page --extra page --constraint requirements/runtime.lock
lock dev --extra dev --constraint requirements/runtime.lock
if grep -nE 'https?://' requirements/*.lock; then
  echo "a lock names a host: it may only name packages and hashes" >&2
  exit 1
fi
wc -l requirements/*.lock
