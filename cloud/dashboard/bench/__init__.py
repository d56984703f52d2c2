"""What the dashboard costs whoever looks at it, in a real Chromium: `make bench-dashboard`."""
