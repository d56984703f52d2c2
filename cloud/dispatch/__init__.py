"""Carries orders down to the agents, and gives up on what nobody took in time."""
