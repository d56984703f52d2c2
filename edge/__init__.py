"""The agent beside the machines: reads, derives, buffers, and hands booked jobs back to the machine."""
