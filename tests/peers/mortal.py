"""A peer in a process of its own, that can be hung, woken and killed without a word."""

import signal
import subprocess
from contextlib import suppress
from typing import Any


class Mortal:
    """Its `process` is None while it is dead."""

    process: "subprocess.Popen[Any] | None"

    def hang(self) -> None:
        self._signal(signal.SIGSTOP)

    def wake(self) -> None:
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """It dies without a word."""
        process, self.process = self.process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.kill()
        process.wait(10)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()

    def _signal(self, number: signal.Signals) -> None:
        if self.process is not None:
            with suppress(ProcessLookupError):
                self.process.send_signal(number)
