"""The SQL functions decide what the pure rules say, step by step through random histories of one service."""

from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random

import pytest

from cloud.booking import rules, store
from cloud.booking.model import Accepted, Claim, Refused
from cloud.booking.rules import Admitted, Resource, Taking, Terms
from gateway.capacity import CapacitySpan, CapacityType, Confidence, Reason
from gateway.span import Span, difference

START = datetime(2026, 3, 2, 6, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
WORK = {"work_master": "x"}


def at(quarters):
    return START + quarters * QUARTER


WHOLE = Span(at(0), at(24))


def a_span(dice):
    start = dice.randrange(13)
    return Span(at(start), at(start + dice.choice([1, 2, 2, 3, 4, 8])))


def a_window(dice):
    return dice.choice([WHOLE, WHOLE, a_span(dice)])


def a_piece(dice):
    kind = dice.choice([CapacityType.AVAILABLE] * 4 + [CapacityType.COMMITTED])
    confidence = dice.choice([Confidence.FIRM] * 3 + [Confidence.MEDIUM])
    return CapacitySpan(a_window(dice), kind, dice.choice([0, 1, 1, 2, 3]), Reason.IDLE, confidence)


def a_quantity(dice):
    return dice.choice([1, 1, 1, 2, 3])


STEPS = {
    "book": (8, lambda dice: (a_span(dice), a_quantity(dice))),
    "hold": (4, lambda dice: (a_span(dice), a_quantity(dice), dice.randint(1, 4))),
    "redeem": (2, lambda dice: (dice.randrange(3),)),
    "cancel": (2, lambda dice: (dice.randrange(4),)),
    "state": (2, lambda dice: (dice.randrange(2), a_window(dice), [a_piece(dice) for _ in range(dice.randrange(4))])),
    "wait": (1, lambda dice: (dice.randint(1, 2),)),
}
"""How often each step is taken, and what it is given."""


def some_terms(dice):
    return Terms(
        notice=dice.choice([timedelta(), timedelta(), QUARTER]),
        min_duration=dice.choice([timedelta(), timedelta(), 2 * QUARTER]),
        max_duration=dice.choice([None, None, 6 * QUARTER]),
        min_confidence=dice.choice([Confidence.VERY_LOW, Confidence.HIGH]),
    )


@dataclass
class Twins:
    """The registry in the database, and the same history in plain values."""

    connection: object
    terms: Terms
    machines: list[Resource]
    now: datetime = START
    holds: list[Claim] = field(default_factory=list)
    taken: list[Claim] = field(default_factory=list)
    flags: dict[str, frozenset[str]] = field(default_factory=dict)
    versions: count = field(default_factory=lambda: count(1))
    ids: count = field(default_factory=lambda: count(1))

    async def ask(self, query, *arguments):
        return store.answer(await self.connection.fetchval(query, *arguments))

    def note(self, answer, expected, kept, expiry=None):
        """Both must agree; what was admitted is entered into the plain values too."""
        if isinstance(answer, Refused):
            assert answer == expected
            return
        assert expected == Admitted(answer.claim.machine_id)
        claim = answer.claim
        self._change(claim.machine_id, lambda claims: [*claims, Taking(claim.id, claim.span, claim.quantity, expiry)])
        kept.append(claim)

    def _change(self, machine_id, change):
        self.machines = [
            replace(each, claims=change(each.claims)) if each.machine_id == machine_id else each
            for each in self.machines
        ]

    async def book(self, span, quantity):
        expected = rules.admit(self.terms, self.machines, span, quantity, self.now)
        what = ("ent_b", None, None, f"bkg_{next(self.ids)}", None, "svc_1", None, span.start, span.end, quantity)
        answer = await self.ask(store.BOOK, *what, WORK, None, self.now, None)
        self.end_dead(answer)
        self.note(answer, expected, self.taken)

    async def hold(self, span, quantity, quarters):
        expected = rules.admit(self.terms, self.machines, span, quantity, self.now)
        expiry = self.now + quarters * QUARTER
        what = ("ent_b", None, None, f"hld_{next(self.ids)}", "svc_1", None, span.start, span.end, quantity)
        answer = await self.ask(store.HOLD, *what, expiry, 1_000_000, None, self.now)
        self.end_dead(answer)
        self.note(answer, expected, self.holds, expiry)

    async def redeem(self, index):
        """Book a hold: it counts as gone, and the booking as new, if the offer still covers it."""
        if index >= len(self.holds):
            return
        held = self.holds.pop(index)
        what = ("ent_b", None, None, f"bkg_{next(self.ids)}", held.id, None, None, None, None, None)
        answer = await self.ask(store.BOOK, *what, WORK, None, self.now, None)
        machine = next(each for each in self.machines if each.machine_id == held.machine_id)
        others = [claim for claim in machine.claims if claim.id != held.id]
        if held.expires_at <= self.now:
            assert answer == Refused("hold.expired", 409, {"state": "EXPIRED"})
            if len(others) < len(machine.claims):
                self._change(held.machine_id, lambda _: others)
                self.reassess(held.machine_id)
            return
        alone = replace(machine, claims=others)
        expected = rules.room(self.terms, [alone], held.span, held.quantity, self.now)
        if isinstance(answer, Refused):
            self.holds.append(held)
        else:
            self._change(held.machine_id, lambda _: others)
        self.note(answer, expected, self.taken)

    async def cancel(self, index):
        if index >= len(self.taken):
            return
        claim = self.taken.pop(index)
        answer = await self.ask(store.CANCEL, "ent_b", None, None, claim.id, "no", self.now)
        assert isinstance(answer, Accepted)
        self._change(claim.machine_id, lambda claims: [each for each in claims if each.id != claim.id])
        self.reassess(claim.machine_id)

    async def state(self, index, window, said):
        """The plant's statement replaces what it said before in the window."""
        machine = self.machines[index % len(self.machines)]
        inside = [replace(part, span=part.span.intersection(window)) for part in said if part.span.overlaps(window)]
        message = {
            "version": next(self.versions),
            "issued_at": self.now.isoformat(),
            "valid_until": at(10_000).isoformat(),
            "start": window.start.isoformat(),
            "end": window.end.isoformat(),
            "spans": [_said(part) for part in inside],
        }
        told = await self.connection.fetchval(
            "SELECT ts_apply_statement($1, $2, $3)", machine.machine_id, message, self.now
        )
        assert told["outcome"] == "applied"
        left = [replace(part, span=rest) for part in machine.ledger for rest in difference([part.span], [window])]
        position = self.machines.index(machine)
        self.machines[position] = replace(machine, ledger=[*left, *inside])
        self.reassess(machine.machine_id)

    async def wait(self, quarters):
        self.now += quarters * QUARTER

    def end_dead(self, answer):
        """Whoever gets hours over holds that are past their expiry ends them first."""
        if isinstance(answer, Refused):
            return
        claim = answer.claim
        machine = next(each for each in self.machines if each.machine_id == claim.machine_id)
        dead = [each for each in machine.claims if each.span.overlaps(claim.span) and not each.lives(self.now)]
        if dead:
            self._change(claim.machine_id, lambda claims: [each for each in claims if each not in dead])
            self.reassess(claim.machine_id)

    def reassess(self, machine_id):
        """The registry brings a machine's flags up to date when its offer changes or a claim is given back."""
        machine = next(each for each in self.machines if each.machine_id == machine_id)
        self.flags[machine_id] = rules.at_risk(machine, self.now)

    async def compare(self):
        """Both flag the same claims, of those that still have time to come."""
        rows = await self.connection.fetch("SELECT id FROM claim WHERE live AND at_risk AND upper(span) > $1", self.now)
        alive = {
            claim.id
            for machine in self.machines
            for claim in machine.claims
            if claim.lives(self.now) and claim.span.end > self.now
        }
        assert {row["id"] for row in rows} & alive == set().union(*self.flags.values()) & alive


def _said(part):
    return {
        "start": part.span.start.isoformat(),
        "end": part.span.end.isoformat(),
        "type": part.type,
        "quantity": part.quantity,
        "reason": part.reason,
        "confidence": int(part.confidence),
    }


async def _arrange(connection, offered, quantities):
    await connection.execute("INSERT INTO enterprise VALUES ('ent_p', 'p', $1), ('ent_b', 'b', $1)", START)
    await connection.execute("INSERT INTO site VALUES ('site_1', 'ent_p', 's', 'UTC', 0, 0, $1)", START)
    await connection.execute("INSERT INTO agent VALUES ('agt_1', 'ent_p', 'site_1', 'a', 'k', '\\x00', $1)", START)
    await connection.execute(
        "INSERT INTO service (id, enterprise_id, name, kind, instant, visibility, price_amount, price_currency,"
        " created_at, notice, min_duration, max_duration, min_confidence)"
        " VALUES ('svc_1', 'ent_p', 's', 'processing', true, 'open', 1, 'EUR', $1, $2, $3, $4, $5)",
        START,
        offered.notice,
        offered.min_duration,
        offered.max_duration,
        offered.min_confidence,
    )
    for position, quantity in enumerate(quantities):
        await connection.execute(
            "INSERT INTO machine (id, enterprise_id, site_id, agent_id, name, profile, quantity, created_at)"
            " VALUES ($1, 'ent_p', 'site_1', 'agt_1', $1, 'x', $2, $3)",
            f"mch_{position}",
            quantity,
            START,
        )
        await connection.execute("INSERT INTO service_machine VALUES ('svc_1', $1, $2)", f"mch_{position}", position)


BLOCKS = [0, 1, *(pytest.param(block, marks=pytest.mark.deep) for block in range(2, 40))]


@pytest.mark.parametrize("block", BLOCKS)
async def test_sql_and_rules_agree_through_any_history(twins_arranged, block):
    for seed in range(block * 20, block * 20 + 20):
        print(f"seed {seed}")
        dice = Random(seed)
        async with twins_arranged(some_terms(dice), dice.choices([1, 2, 3], k=dice.randint(1, 2))) as twins:
            for position in range(len(twins.machines)):
                everything = CapacitySpan(WHOLE, CapacityType.AVAILABLE, 3, Reason.IDLE)
                await twins.state(position, WHOLE, [everything])
            for name in dice.choices(list(STEPS), [weight for weight, _ in STEPS.values()], k=50):
                await getattr(twins, name)(*STEPS[name][1](dice))
                await twins.compare()


@pytest.fixture
def twins_arranged(pool_owner):
    """A service on new machines, all of it undone at the end."""

    @asynccontextmanager
    async def arranged(offered, quantities):
        async with pool_owner.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            try:
                await _arrange(connection, offered, quantities)
                machines = [
                    Resource(f"mch_{position}", quantity, [], []) for position, quantity in enumerate(quantities)
                ]
                yield Twins(connection, offered, machines)
            finally:
                await transaction.rollback()

    return arranged
