#!/bin/sh
# Puts the addresses together from secrets in files, then becomes the command.
set -eu
if [ -r /run/secrets/database_password ]; then
  CITYPULSE_DATABASE_URL="postgresql://citypulse:$(cat /run/secrets/database_password)@${DATABASE_HOST:-database}:5432/citypulse"
  export CITYPULSE_DATABASE_URL
fi
if [ -r /run/secrets/ingest_password ]; then
  CITYPULSE_MQTT_URL="mqtt://ingest:$(cat /run/secrets/ingest_password)@${BROKER_HOST:-broker}:1883"
  export CITYPULSE_MQTT_URL
fi
unset DATABASE_HOST BROKER_HOST
exec "$@"
