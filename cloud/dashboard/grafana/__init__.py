"""Grafana's dashboards and data sources for the external stores of samples, made by `make grafana` from this module."""
