"""The link keeps its promises over many simulated worlds, and the worlds see each planted bug."""

import pytest

from gateway.simulator import BUGS, Violation, World, run_world
from gateway.simulator.__main__ import main
from gateway.simulator.mutants import SOUND, Parts

SEEDS = 200
STEPS = 1000


def run_worlds(count: int, parts: Parts) -> None:
    for seed in range(1, count + 1):
        run_world(seed, STEPS, parts)


@pytest.mark.parametrize("block", range(5))
def test_the_link_survives_twenty_thousand_steps(block: int) -> None:
    for seed in range(1 + 20 * block, 21 + 20 * block):
        run_world(seed, STEPS, SOUND)


@pytest.mark.deep
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("block", range(10))
def test_the_link_survives_a_hundred_thousand_steps_more(block: int) -> None:
    for seed in range(10_001 + 100 * block, 10_101 + 100 * block):
        run_world(seed, STEPS, SOUND)


@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_bug_is_found_within_two_hundred_seeds(bug: str) -> None:
    with pytest.raises(Violation, match=r"seed \d+, at"):
        run_worlds(SEEDS, BUGS[bug])


def test_a_seed_tells_the_same_story_every_time() -> None:
    def story(seed: int) -> list[str]:
        world = World(seed)
        for _ in range(300):
            world.step()
        return [*world.truth.trace, *map(str, world.receiving.store.log)]

    assert story(5) == story(5)
    assert story(5) != story(6)


def test_the_worlds_are_not_tame() -> None:
    """A control: in the worlds that the link survives, every kind of fault does happen, and messages get through."""
    seen, stored = set[str](), 0
    for seed in range(1, 30):
        world = World(seed)
        for _ in range(300):
            world.step()
            seen |= {event.split(" ")[1] for event in list(world.truth.trace)[-3:]}
        stored += len(world.receiving.store.log)
    grave = {"crash_sender", "crash_receiver", "power_cut", "restore_sender", "restore_receiver", "wipe_sender"}
    attacks = {"replay", "forge_ack", "forge_data"}
    assert seen >= grave | attacks | {"wipe_receiver", "cut", "mend", "withhold", "drop", "compact"}
    assert stored > 3000


def test_the_command_line_says_the_seed_of_what_it_found(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--steps", "2000", "--seed", "3"]) == 0
    assert "every promise kept" in capsys.readouterr().out
    assert main(["--steps", "200000", "--seed", "1", "--bug", "hmac-skipped"]) == 1
    assert "seed " in capsys.readouterr().out
