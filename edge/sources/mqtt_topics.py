"""MQTT topics and filters: how a machine's own are put together, and which filter takes in what (MQTT 3.1.1, 4.7)."""

from collections.abc import Iterable

MACHINE = "{machine}"
"""Stands in a topic for the machine's name."""


def joined(root: str, below: str, machine: str) -> str:
    """The filter of a signal: its topic below the machine's own, with the machine's name in place."""
    return "/".join(part for part in (root, below) if part).replace(MACHINE, machine)


def fault(topic: str) -> str | None:
    """What is wrong with a filter, None if nothing."""
    levels = topic.split("/")
    if any(len(level) > 1 and ("+" in level or "#" in level) for level in levels):
        return "a wildcard, `+` or `#`, is a whole level of the topic"
    if "#" in levels[:-1]:
        return "`#` takes in all that is below, so it can only be the last level"
    if "\0" in topic or len(topic.encode()) > 65_535:
        return "no topic is written like that"
    return None


def matches(filter_: str, topic: str) -> bool:
    """Whether a message on `topic` is one of the filter's. One in front leaves out the broker's own `$SYS`."""
    if topic.startswith("$") and filter_[:1] in {"+", "#"}:
        return False
    return _covers(filter_.split("/"), topic.split("/"))


def fewest(filters: Iterable[str]) -> tuple[str, ...]:
    """The filters without those that another one covers, as what matches two subscriptions may be delivered twice."""
    wanted = list(dict.fromkeys(filters))
    split = {each: each.split("/") for each in wanted}
    wide = [each for each in wanted if "+" in split[each] or "#" in split[each]]
    return tuple(
        each for each in wanted if not any(other != each and _covers(split[other], split[each]) for other in wide)
    )


def _covers(wide: list[str], narrow: list[str]) -> bool:
    """Whether every topic of `narrow`, which may have wildcards itself, is one of `wide`."""
    for index, level in enumerate(wide):
        if level == "#":
            return True
        if index >= len(narrow) or narrow[index] == "#":
            return False
        if level not in {"+", narrow[index]}:
            return False
    return len(wide) == len(narrow)
