"""From stored readings to the signs an operator acts on."""
