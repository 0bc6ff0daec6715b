#!/bin/sh
# Runs Mosquitto, and has it read its password and ACL files again whenever citypulse rewrites them.
set -eu
files=/var/lib/citypulse-broker
mosquitto -c /mosquitto/config/mosquitto.conf &
broker=$!
trap 'kill -TERM "$broker"; wait "$broker"; exit 0' TERM INT
state() { stat -c '%i %Y' "$files/passwords" "$files/acl"; }
seen=$(state)
while kill -0 "$broker" 2>/dev/null; do
  sleep 1 & wait $!
  now=$(state)
  if [ "$now" != "$seen" ]; then seen=$now; kill -HUP "$broker"; fi
done
wait "$broker"
