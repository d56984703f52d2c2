"""The page of cooperation: agreements with their quotas, inquiries and quotes, alliances, and how dealings went."""
