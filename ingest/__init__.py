"""From the broker to an admitted, committed and only then acknowledged reading."""
