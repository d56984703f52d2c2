"""What the edge can carry, measured beside a bare client of the same server: `make bench-edge`."""
