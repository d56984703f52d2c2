"""A plausible plant for the fake registry: two shifts a day, a week ahead of offers, and bookings of every kind."""

import random
from datetime import datetime, timedelta

from cloud.dashboard.fake import HOUR, NOW, OWN, PARTNER, Fake, Json
from gateway.clock import Clock


def furnished(count: int, clock: Clock, seed: int = 7) -> Fake:
    """A fake with `count` machines that have worked two shifts a day for eight days and offer what is left."""
    fake = Fake(clock)
    now = clock.now().replace(microsecond=0)
    for number in range(count):
        _furnish(fake, number, now, random.Random(seed * 1000 + number))  # noqa: S311 - a picture, not a secret
    _book(fake, now)
    return fake


_KINDS = (
    ("mill", "MachineTool", "Five-axis mill"),
    ("lathe", "MachineTool", "Turning centre"),
    ("grinder", "Machinery", "Cylindrical grinder"),
    ("edm", "Machinery", "Wire EDM"),
    ("press", "Machinery", "Servo press"),
)


def _furnish(fake: Fake, number: int, now: datetime, chance: random.Random) -> None:
    kind, profile, model = _KINDS[number % len(_KINDS)]
    identity = f"mch_01jfake{number:015d}"
    states = _past(now, chance)
    last = states[-1]
    fresh = number % 6 != 4
    heard = now - (timedelta(seconds=4) if fresh else timedelta(hours=2, minutes=10))
    fake.states[identity] = states
    fake.machines.append(
        {
            "id": identity,
            "name": f"{kind}-{number + 1:02}",
            "site_id": "site_1",
            "agent_id": "agt_1",
            "profile": profile,
            "manufacturer": None,
            "model": model,
            "serial": None,
            "created_at": (now - timedelta(days=9)).isoformat(),
            "quantity": 4 if kind == "press" else 1,
            "state": last["state"],
            "mode": last["mode"],
            "origin": last["origin"],
            "state_since": last["start"],
            "last_receipt_at": heard.isoformat(),
            "fresh": fresh,
        }
    )
    if number % 4 == 2:
        hole = now - 9 * HOUR
        fake.gaps[identity] = [{"start": hole.isoformat(), "end": (hole + HOUR).isoformat(), "reason": "cut"}]
    spans = _offer(now, chance, 4 if kind == "press" else 1)
    fake.capacity[identity] = {
        "machine_id": identity,
        "version": 12 + number,
        "issued_at": now.isoformat(),
        "valid_until": (now + 2 * HOUR).isoformat(),
        "fresh": fresh,
        "spans": spans,
        "claims": [],
    }


def _past(now: datetime, chance: random.Random) -> list[Json]:
    at = (now - timedelta(days=8)).replace(hour=0, minute=0, second=0)
    found: list[Json] = []
    while at < now:
        if at.weekday() >= 5 or not 5 <= at.hour < 21:
            state, mode, hours = "NotAvailable", "None", float((29 - at.hour) % 24 or 24) - at.minute / 60
            if at.weekday() >= 5:
                hours = 24.0 - at.hour - at.minute / 60
        else:
            state, mode = chance.choices(_DOING, (10, 4, 2, 1))[0]
            hours = chance.uniform(0.2, 2.6) if state == "Executing" else chance.uniform(0.1, 0.9)
        end = at + hours * HOUR
        found.append(_piece(at, end if end < now else None, state, mode))
        at = end
    return found


_DOING = (
    ("Executing", "Processing"),
    ("NotExecuting", "Setup"),
    ("NotExecuting", "Processing"),
    ("OutOfService", "None"),
)


def _piece(start: datetime, end: datetime | None, state: str, mode: str, origin: str = "plant") -> Json:
    until = end.isoformat() if end else None
    told = {"start": start.isoformat(), "end": until, "state": state, "mode": mode, "origin": origin}
    return {**told, "quality": "good"}


def _offer(now: datetime, chance: random.Random, quantity: int) -> list[Json]:
    at, found = now, []
    while at < now + timedelta(days=8):
        day = at.replace(hour=0, minute=0, second=0)
        staffed = at.weekday() < 5 and 5 <= at.hour < 21
        if staffed:
            end = min(at + chance.uniform(1.5, 5) * HOUR, day + 21 * HOUR)
            told = chance.choices(_PLANS, (5, 3, 1))[0]
            told = told if told[2] else (*told[:2], chance.choice((2, 3, 4)))
        else:
            end = day + (29 if at.hour >= 21 else 5) * HOUR if at.weekday() < 5 else day + 24 * HOUR
            told = ("Available", "off-shift", 5 if chance.random() < 0.7 else 4)
        end = max(end, at + HOUR / 4)
        spare = chance.randint(1, quantity) if quantity > 1 and told[0] == "Available" else quantity
        found.append(_span(at, end, told, spare))
        if spare < quantity:
            found.append(_span(at, end, _PLANS[0], quantity - spare))
        at = end
    return found


_PLANS = (("Committed", "planned", 5), ("Available", "idle", 0), ("Unattainable", "maintenance", 5))


def _span(start: datetime, end: datetime, told: tuple[str, str, int], quantity: int) -> Json:
    edge = {"start": start.isoformat(), "end": end.isoformat(), "quantity": quantity}
    return {**edge, "type": told[0], "reason": told[1], "confidence": told[2]}


def _book(fake: Fake, now: datetime) -> None:
    """Bookings on the first machines: a running one, one at risk, a held hour, and some that are over."""
    wanted = (
        (0, -1.5, 2.5, "RUNNING", None, False),
        (1, 6, 4, "CONFIRMED", None, False),
        (2, 11, 5, "CONFIRMED", None, True),
        (3, 4, 2, "REQUESTED", None, False),
        (0, -13, 4, "METERED", 1.0, False),
        (1, -18, 5, "METERED", 0.4, False),
        (3, -20, 3, "METERED", 0.0, False),
        (2, -7, 2, "SETTLED", 0.98, False),
        (5, 15, 6, "DISPATCHED", None, False),
        (4, 20, 3, "CANCELLED", None, False),
    )
    for number, (machine, start, hours, state, share, risk) in enumerate(wanted):
        if machine < len(fake.machines):
            begin = now.replace(minute=0, second=0) + start * HOUR
            said = {"state": state, "at_risk": risk, "at_risk_reason": "breakdown" if risk else None}
            booking = _booking(number, fake.machines[machine]["id"], begin, hours)
            fake.bookings.append({**booking, **said, "meter": _meter(begin, hours, share)})
            if state in {"RUNNING", "CONFIRMED", "REQUESTED", "DISPATCHED"}:
                claims = fake.capacity[fake.machines[machine]["id"]]["claims"]
                claims.append({key: fake.bookings[-1][key] for key in ("id", "start", "end", "quantity", "state")})
    if fake.machines:
        begin = now.replace(minute=0, second=0) + 20 * HOUR
        held = {"id": "hld_01jfake0", "start": begin.isoformat(), "end": (begin + 2 * HOUR).isoformat()}
        fake.capacity[fake.machines[0]["id"]]["claims"].append({**held, "quantity": 1, "state": "HELD"})


def _meter(start: datetime, hours: float, share: float | None) -> Json | None:
    if share is None:
        return None
    outcome = "COMPLETED" if share > 0.9 else "ABORTED" if share else "NO_SHOW"
    ran = {"started": start.isoformat(), "ended": (start + share * hours * HOUR).isoformat()} if share else {}
    return {"outcome": outcome, "share": share, "booked_hours": hours, "run_hours": hours * share, **ran}


def _booking(number: int, machine: str, start: datetime, hours: float) -> Json:
    return {
        "id": f"bkg_01jfake{number:015d}",
        "role": "provider",
        "service_id": "svc_01jfake",
        "machine_id": machine,
        "provider_id": OWN,
        "booker_id": PARTNER,
        "booker_name": "Demo partner",
        "start": start.isoformat(),
        "end": (start + hours * HOUR).isoformat(),
        "quantity": 1,
        "work": {"work_master": "bracket", "quantity": 40},
        "revision": 1,
        "created_at": NOW.isoformat(),
        "updated_at": NOW.isoformat(),
        "price": {"amount": f"{hours * 62:.2f}", "currency": "EUR"},
    }
