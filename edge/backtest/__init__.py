"""Walks a machine's log day by day and holds each day's forecast against what was reported."""
