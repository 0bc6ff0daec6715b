"""Everything citypulse knows over HTTP, and the live stream: the one door for page and others."""
