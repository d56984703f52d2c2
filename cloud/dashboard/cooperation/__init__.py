"""The page of cooperation: agreements with their quotas, requests and quotes, alliances, and how dealings went."""
