#!/bin/sh
# Makes the secrets that compose.yaml reads, once: random, in a folder only you can enter.
# The files themselves are readable, because compose hands them to another user unchanged.
set -eu
cd "$(dirname "$0")"
umask 077
mkdir -p secrets
for name in database_password ingest_password; do
  [ -s "secrets/$name" ] || { head -c 24 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=\n' > "secrets/$name"; }
  chmod 644 "secrets/$name"
done
chmod 700 secrets
