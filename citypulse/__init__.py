"""The one command people type; it wires the processes."""
