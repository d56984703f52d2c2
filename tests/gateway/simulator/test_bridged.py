"""The same promises with the plant's door in between, which dies, forgets, is full, and withholds."""

import pytest

from gateway.bridge.relay import Packet
from gateway.link import Kept, Lane, Phase
from gateway.link.packets import decode_back
from gateway.simulator import Violation
from gateway.simulator.bridged import DoorWorld, run_door_world
from gateway.simulator.door_mutants import DOOR_BUGS, SOUND_DOOR, Door
from gateway.topics import Channel

STEPS = 1000


def run_worlds(count: int, door: Door) -> None:
    for seed in range(1, count + 1):
        run_door_world(seed, STEPS, door)


@pytest.mark.parametrize("block", range(5))
def test_the_door_survives_thirty_thousand_steps(block: int) -> None:
    for seed in range(1 + 6 * block, 7 + 6 * block):
        run_door_world(seed, STEPS)


@pytest.mark.deep
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("block", range(10))
def test_the_door_survives_half_a_million_steps_more(block: int) -> None:
    for seed in range(10_001 + 50 * block, 10_051 + 50 * block):
        run_door_world(seed, STEPS)


@pytest.mark.parametrize("bug", DOOR_BUGS)
def test_a_planted_bug_is_found_within_a_hundred_seeds(bug: str) -> None:
    with pytest.raises(Violation, match=r"seed \d+, at"):
        run_worlds(100, DOOR_BUGS[bug])


def test_the_worlds_are_not_tame() -> None:
    """A control: every fault of the door happens, streams are relayed, caches fill, and messages get through."""
    seen, phases, full, stored = set[str](), set[Phase](), 0, 0
    for seed in range(1, 16):
        world = DoorWorld(seed)
        append = world.network.cache.append
        refused: list[bool] = []
        world.network.cache.append = lambda name, packet, append=append, refused=refused: (  # type: ignore[method-assign]
            refused.append(not append(name, packet)) or not refused[-1]
        )
        for _ in range(300):
            world.step()
            seen |= {event.split(" ")[1] for event in list(world.truth.trace)[-3:]}
            phases |= set(world.sending.sender.phases.values())
        full += sum(refused)
        stored += len(world.receiving.store.log)
    assert seen >= {"crash_door", "wipe_door", "restore_door", "cut_line", "mend_line", "replay_anywhere"}
    assert set(Phase) - {Phase.OFFLINE} <= phases
    assert (full > 20, stored > 600) == (True, True)


def test_the_door_says_nothing_in_the_registrys_name() -> None:
    """All that reaches an agent was sealed by the registry, byte by byte, but for the word that copies are kept."""
    for seed in range(1, 8):
        world = DoorWorld(seed)
        lane = Lane(world.network._lane.keyring, "agent-1", "up")
        said, handed = set[bytes](), list[Packet]()
        send, carry = world._send, world.network._carry
        world._send = lambda way, packets, send=send, said=said: (  # type: ignore[method-assign]
            said.update(packets if way == "back" else ()),
            send(way, packets),
        )[1]
        world.network._carry = lambda packets, now, carry=carry, handed=handed: (  # type: ignore[method-assign]
            handed.extend(packets),
            carry(packets, now),
        )[1]
        for _ in range(400):
            world.step()
        for packet in handed:
            if packet.channel is Channel.UP_ACK and packet.data not in said:
                assert isinstance(decode_back(lane.unseal("back", packet.data)), Kept)  # type: ignore[arg-type]


def test_a_seed_tells_the_same_story_every_time() -> None:
    def story(seed: int) -> list[str]:
        world = DoorWorld(seed, door=SOUND_DOOR)
        for _ in range(300):
            world.step()
        return [*world.truth.trace, *map(str, world.receiving.store.log)]

    assert story(5) == story(5)
