"""What an enterprise is told as it happens: server-sent events over one LISTEN connection per process."""
