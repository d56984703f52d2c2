"""How the house runs: agents and their links, what comes in and how fast, whether the stores answer."""
