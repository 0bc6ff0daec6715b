"""The local stack: real PostgreSQL, TimescaleDB, PostGIS and Mosquitto in a private prefix."""
