"""Run simulated worlds from the command line, for as long as wanted, and end with 1 at the first broken promise."""

import argparse
import sys

from gateway.simulator import BUGS, Violation, run_world
from gateway.simulator.bridged import run_door_world
from gateway.simulator.door_mutants import DOOR_BUGS, SOUND_DOOR
from gateway.simulator.mutants import SOUND

WORLD = 1000
"""Steps of one world; many short worlds see more than one long one."""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m gateway.simulator", description=__doc__)
    parser.add_argument("--steps", type=int, default=100_000, help="steps in all, in worlds of 1,000 (default 100,000)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the first world; the next has the next")
    parser.add_argument("--bug", choices=sorted({*BUGS, *DOOR_BUGS}), help="plant this bug; it should be found")
    parser.add_argument("--door", action="store_true", help="worlds with the plant's door in between")
    chosen = parser.parse_args(arguments)
    door = chosen.door or chosen.bug in DOOR_BUGS
    worlds = max(1, chosen.steps // WORLD)
    for seed in range(chosen.seed, chosen.seed + worlds):
        try:
            if door:
                run_door_world(seed, min(chosen.steps, WORLD), DOOR_BUGS.get(chosen.bug, SOUND_DOOR))
            else:
                run_world(seed, min(chosen.steps, WORLD), BUGS.get(chosen.bug, SOUND))
        except Violation as violation:
            sys.stdout.write(f"{violation}\n")
            return 1
    sys.stdout.write(f"{worlds} worlds from seed {chosen.seed}, {chosen.steps} steps: every promise kept\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
