"""How enterprises work together beyond single bookings: agreements, inquiries with their quotes, alliances, trust."""
