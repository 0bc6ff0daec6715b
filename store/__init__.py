"""The database's ground: migrations, telemetry tables, the batch ledger, quarantine."""
