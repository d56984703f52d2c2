"""Secrets come from the environment or from a file of their own, never from the config's text."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from gateway.errors import FileInvalid


def reference(text: str) -> str:
    """The text, if it refers to a secret and is not one. Raises ValueError."""
    if not text.startswith(("env:", "file:")) or text in {"env:", "file:"}:
        msg = "a secret does not stand in the config: write `env:NAME` or `file:PATH`, and rotate it if it was real"
        raise ValueError(msg)
    return text


SecretRef = Annotated[str, AfterValidator(reference)]
"""`env:NAME` or `file:PATH` (relative to the config's folder)."""


@dataclass(frozen=True, slots=True)
class Vault:
    """Where the references of one config are looked up."""

    folder: Path
    environment: Mapping[str, str]

    @classmethod
    def beside(cls, config: Path) -> "Vault":
        return cls(config.parent, os.environ)

    def text(self, reference: str, place: str) -> str:
        """The secret, without white space around it. Raises FileInvalid; the message never holds the secret."""
        kind, _, name = reference.partition(":")
        if kind == "env":
            found = self.environment.get(name, "")
            remedy = f"set the environment variable {name}"
        else:
            found, remedy = self._file(self.folder / name), f"write it to {self.folder / name}"
        if not found.strip():
            msg = f"{place}: {reference} is empty or not there; {remedy}"
            raise FileInvalid(msg)
        return found.strip()

    @staticmethod
    def _file(path: Path) -> str:
        try:
            return path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return ""
