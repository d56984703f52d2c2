"""The control of the door's tests: a gateway that acknowledges what it has only in its own cache, as one must not."""

from gateway.bridge import door
from gateway.bridge.cli import app
from gateway.simulator.door_mutants import AcknowledgesItself

if __name__ == "__main__":
    door.Relay = AcknowledgesItself  # type: ignore[misc]
    app()
