"""What the registry carries, beside a bare endpoint on the same database: `make bench-cloud`."""
