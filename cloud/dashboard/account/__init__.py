"""The page of one's own account; for an administrator, of everybody's in the enterprise."""
