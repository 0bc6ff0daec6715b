"""Devices that do not exist: they know the wire contract and nothing else."""
