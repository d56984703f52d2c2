"""A line of `edge tail` as a person sees it."""

from edge.live_cli import worded

READING = {"what": "reading", "at": "2026-03-02T08:30:00.000000+00:00", "machine": "M1", "signal": "program"}


def test_a_machines_text_cannot_steer_the_terminal() -> None:
    line = worded({**READING, "value": "O1\x1b[2J\nfree \u00fc", "quality": "good"})
    assert line.endswith("program = O1\\x1b[2J\\nfree \u00fc")
