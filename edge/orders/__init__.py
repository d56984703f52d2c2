"""Booked jobs on their way to a machine: what is admitted, how it is handed over, and what really ran."""
