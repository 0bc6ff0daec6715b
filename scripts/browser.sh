#!/usr/bin/env bash
# Sees to it that a Chromium is on the PATH for the browser test.
set -euo pipefail
for name in chromium chromium-browser google-chrome google-chrome-stable; do
  if command -v "$name" >/dev/null; then exit 0; fi
done
install='apt-get update && apt-get install -y --no-install-recommends chromium'
export DEBIAN_FRONTEND=noninteractive
quietly() {  # quietly COMMAND…: its output only if it fails
  local log; log=$(mktemp)
  if "$@" >"$log" 2>&1; then rm -f "$log"; else tail -n 20 "$log" >&2; rm -f "$log"; return 1; fi
}
if ! command -v apt-get >/dev/null; then
  echo "the browser test needs Chromium or Chrome on the PATH; install one and run again" >&2
  exit 1
elif [ "$(id -u)" = 0 ]; then
  echo "installing Chromium for the browser test"
  quietly bash -c "$install"
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
  echo "installing Chromium for the browser test (sudo)"
  quietly sudo -n DEBIAN_FRONTEND=noninteractive bash -c "$install"
else
  echo "the browser test needs Chromium, and installing it needs root, once:" >&2
  echo "    su -c '$install'" >&2
  exit 1
fi
