"""The page of one machine: what it did, can spare and was booked for, on one time axis."""
