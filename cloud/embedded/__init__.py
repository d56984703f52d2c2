"""PostgreSQL and the MQTT broker for a single machine: owned processes, loopback only."""
