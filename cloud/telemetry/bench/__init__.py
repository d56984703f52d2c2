"""Measures how fast samples are stored and looked up, beside what the same engine takes bare."""
