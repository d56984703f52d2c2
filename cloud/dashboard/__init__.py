"""The dashboard: a client of the public API like any other, with the rights of the key that its user enters."""
