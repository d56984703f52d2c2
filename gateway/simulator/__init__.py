"""A seeded world that does to the link what networks, power cuts, backups and attackers do, and checks every promise.

python -m gateway.simulator --steps 1000000 --seed 1            # as long as you like
python -m gateway.simulator --steps 1000000 --door         # the same with the plant's door in between
python -m gateway.simulator --bug ack-before-commit --seeds 200 # a planted bug, to see that the world sees it
"""

from gateway.simulator.mutants import BUGS
from gateway.simulator.truth import Violation
from gateway.simulator.world import World, run_world

__all__ = ["BUGS", "Violation", "World", "run_world"]
