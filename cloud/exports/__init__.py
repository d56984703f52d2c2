"""Bookings and the ledger for other programs: a calendar to subscribe to, and tables as CSV and Parquet."""
