"""The city's vital signs: rows that ingest has committed come in, indicators per area go out."""
