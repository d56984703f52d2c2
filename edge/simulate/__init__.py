"""Machines that do not exist behind servers that do: what the demo and the tests stand in front of an agent."""
