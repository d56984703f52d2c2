"""Who may call: API keys, shown once and stored as hashes, each with the scopes it was given."""
