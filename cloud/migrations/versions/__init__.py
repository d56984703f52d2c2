"""One file per step; each names the .sql files that it runs."""
