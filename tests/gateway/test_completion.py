"""A shell completes sub-commands and their commands, though each side is loaded only when it is wanted."""

import os
import subprocess
import sys

import pytest

from gateway.cli import wanted

COMMAND = [sys.executable, "-c", "import sys; sys.argv[0] = 'thirdshift'; from gateway.cli import main; main()"]


def complete(line: str, shell: str = "bash") -> str:
    """What the shell is told when TAB is pressed at the end of the line."""
    words = {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split(" ")) - 1)}
    if shell != "bash":
        words = {"_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    environment = {**os.environ, "_THIRDSHIFT_COMPLETE": f"complete_{shell}", **words}
    done = subprocess.run(COMMAND, env=environment, capture_output=True, text=True, check=False, timeout=60)
    return done.stdout


@pytest.mark.parametrize(
    ("line", "shell", "offers"),
    [
        ("thirdshift ed", "bash", "edge"),
        ("thirdshift edge ch", "bash", "check"),
        ("thirdshift edge certs tr", "bash", "trust"),
        ("thirdshift edge br", "zsh", "browse"),
        ("thirdshift edge in", "fish", "init"),
    ],
)
def test_a_word_is_completed(line: str, shell: str, offers: str) -> None:
    assert offers in complete(line, shell)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_for_a_shell_is_shown(shell: str) -> None:
    """Typer asks who called it; where that is no shell but a make or a CI, it takes the shell's name instead."""
    named = {**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    done = subprocess.run(
        [*COMMAND, "--show-completion", shell], env=named, capture_output=True, text=True, check=True, timeout=60
    )
    assert "_THIRDSHIFT_COMPLETE=complete_" in done.stdout


def test_only_the_side_that_is_typed_is_loaded() -> None:
    assert wanted(["thirdshift", "edge", "run"], {}) == "edge"
    assert wanted(["thirdshift"], {"COMP_WORDS": "thirdshift cloud ru"}) == "cloud"
    assert wanted(["thirdshift"], {"_TYPER_COMPLETE_ARGS": "thirdshift "}) is None
