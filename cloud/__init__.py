"""The registry: services, availability, bookings, settlement, time series, API and dashboard."""
