"""A good body for each route of the API that wants one."""

from typing import Any

from deeds_of_partners import SPAN, partner_bodies
from deeds_of_people import PEOPLE_BODIES


def bodies(things: dict[str, str]) -> dict[str, dict[str, Any]]:
    """By the route's path. `things`: ids of a service, a site and a machine, and of whatever else there is."""
    wish = {"service_id": things["service_id"], **SPAN}
    made = {**wish, "work": {"work_master": "x", "quantity": 1}}
    price = {"amount": "1", "currency": "EUR"}
    return {
        "/v1/sites": {"name": "another", "zone": "UTC"},
        "/v1/agents": {"name": "another", "site_id": things["site_id"]},
        "/v1/services": {"name": "another", "machine_ids": [things["machine_id"]], "price": price},
        "/v1/keys": {"name": "another", "scopes": ["read"]},
        "/v1/search": SPAN,
        "/v1/search/slots": SPAN,
        "/v1/holds": wish,
        "/v1/bookings": made,
        "/v1/bundles": {"legs": [made]},
        "/v1/series": {**made, "times": 2},
        "/v1/waiting": {**wish, "duration": "PT1H"},
        "/v1/webhooks": {"url": "https://x.example.com/"},
        "/v1/bookings/{booking_id}": {"quantity": 2},
        "/v1/bookings/{booking_id}/dispute": {"reason": "half of it is scrap", "due": "30.00"},
        "/v1/bookings/{booking_id}/settle": {"due": "30.00"},
        **PEOPLE_BODIES,
        **partner_bodies(things),
    }
