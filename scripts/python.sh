#!/usr/bin/env bash
# Prints a Python that can make our environment: 3.11 or newer, with venv and pip in it.
set -u
for candidate in python3 python3.13 python3.12 python3.11 python3.14 /usr/bin/python3; do
  path=$(command -v "$candidate") || continue
  # A version manager's shim may stand first on the PATH and fail: run it, and ask for its real self.
  if real=$("$path" -c 'import sys, venv, ensurepip; assert sys.version_info >= (3, 11); print(sys.executable)' 2>/dev/null); then
    echo "$real"
    exit 0
  fi
done
echo "citypulse needs Python 3.11 or newer with venv (Debian: apt install python3-venv)" >&2
exit 1
