"""`python -m edge.simulate PLANT.json`: a plant of real OPC UA servers whose machines live through a log."""

import asyncio
import signal
import sys
from pathlib import Path

from edge.simulate.config import PlantConfig, read
from edge.simulate.life import MachineLife
from edge.simulate.server import MachineServer
from edge.sources.replaylog import of_machine
from gateway import log
from gateway.clock import Clock
from gateway.errors import ThirdshiftError


async def live(config: PlantConfig, clock: Clock) -> None:
    """Serve all machines until SIGINT or SIGTERM."""
    lives = [
        MachineLife(
            machine,
            MachineServer(machine.name, clock, machine.port),
            of_machine(config.log, config.tz, machine.name),
            clock,
            config.record,
            config.behaviour,
        )
        for machine in config.machines
    ]
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    for life in lives:
        await life.server.start()
    playing = [asyncio.create_task(life.run()) for life in lives]
    config.ready.write_text("\n".join(life.server.url for life in lives))
    await asyncio.wait([asyncio.create_task(stop.wait()), *playing], return_when=asyncio.FIRST_COMPLETED)
    for task in playing:
        task.cancel()
    await asyncio.gather(*playing, return_exceptions=True)
    await asyncio.gather(*(life.server.stop() for life in lives))


if __name__ == "__main__":
    log.configure()
    try:
        asyncio.run(live(read(Path(sys.argv[1])), Clock.from_environment()))
    except ThirdshiftError as error:
        sys.stderr.write(f"thirdshift: {error}\n")
        sys.exit(2)
