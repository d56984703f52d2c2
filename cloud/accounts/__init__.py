"""People: accounts of an enterprise, their passwords, and the sessions that they log in for."""
