"""The page Operations: agents and their links, what comes in, stores, deliveries, parked messages, who did what."""
