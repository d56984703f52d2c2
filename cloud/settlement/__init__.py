"""What was booked against what was run: the meter of a finished job, from the machine's own history."""
