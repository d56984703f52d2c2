"""The page Plant: all machines of a key at a glance."""
