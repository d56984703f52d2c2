"""Webhooks: what happens is sent to whoever cannot listen, signed, again and again until it arrives."""
