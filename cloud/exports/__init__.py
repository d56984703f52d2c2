"""Bookings for other programs: a calendar to subscribe to, and a table to open."""
