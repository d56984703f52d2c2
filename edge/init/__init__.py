"""Writes the first config of an agent from a few answers."""
