"""The city's language: codes, profiles, topics, payloads and errors that every other part speaks."""
