"""Takes in what the agents send: commits it, and only then acknowledges it."""
