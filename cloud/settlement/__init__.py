"""What was booked against what was run: the meter of a finished job, what is owed for it, and how both sides agree."""
