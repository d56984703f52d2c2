"""Looks around on a machine that nobody here has seen, and draws a draft of its profile."""
