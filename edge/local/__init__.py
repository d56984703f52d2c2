"""What the running agent shows and takes on its own box: status, health, metrics, bookings, and a person's word."""
