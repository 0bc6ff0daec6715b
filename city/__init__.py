"""The city's language: codes, profiles, topics, payloads and errors, for every other part."""
