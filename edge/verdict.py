"""What `thirdshift edge check` finds of one signal, whatever kind of source carries it."""

from dataclasses import dataclass

from gateway.machine import Quality

ENDPOINT = "endpoint"
"""Stands for the source itself among its signals; if it is not ok, nothing behind it could be asked."""

JOB_LIST = "job_orders"
"""Stands for the machine's list of job orders."""

STATE = "state/mode"
"""Stands for what the profile makes of all the others."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One signal of one machine: whether it can be used, what was found there, and if not, why and what to do.

    `place` is where it was looked for, in the source's own terms: a node, a topic, a register. `value` is as it was
    found; `unit` is that of what the profile makes of it. A signal that a machine may do without is ok even with a
    problem.
    """

    machine: str
    signal: str
    place: str
    ok: bool
    type: str | None = None
    value: object = None
    quality: Quality | None = None
    problem: str | None = None
    advice: str | None = None
    unit: str | None = None
