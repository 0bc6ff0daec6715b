#!/usr/bin/env bash
# Makes .venv hold what a lock says: venv.sh runtime|page|dev. Quick when it does already.
set -euo pipefail
cd "$(dirname "$0")/.."
lock=requirements/${1:?usage: venv.sh runtime|page|dev}.lock
unset PYTHONHOME PYTHONPATH VIRTUAL_ENV
# An environment whose Python is gone, or which was moved here, is made anew.
usable() { [ "$(.venv/bin/python -c 'import sys; print(sys.prefix)' 2>/dev/null)" = "$PWD/.venv" ]; }
stamp=.venv/.$1.sha256
wanted=$(cat "$lock" pyproject.toml | sha256sum)
if usable && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then exit 0; fi
if ! usable; then
  python=$(scripts/python.sh)
  echo "making .venv with $("$python" --version)"
  rm -rf .venv
  "$python" -m venv .venv
fi
echo "installing the locked packages ($1)"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement "$lock"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
echo "$wanted" > "$stamp"
