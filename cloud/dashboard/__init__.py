"""The dashboard: a client of the public API like any other, with the rights of whoever is logged in."""
