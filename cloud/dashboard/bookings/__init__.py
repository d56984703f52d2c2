"""The pages of bookings: all of them on one time axis, and each one's life."""
