"""The sub-commands of ``citypulse``: they parse, read settings once, and call."""
