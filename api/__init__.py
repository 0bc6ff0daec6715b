"""All of citypulse over HTTP, and the live stream."""
