"""Faults that a model's own check finds, each at the key where it stands, so that a file's error can name the line."""

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

MISFIT = "misfit"
"""Pydantic's type of such a fault: its message is complete, and says what to do."""

Place = tuple[int | str, ...]


def misfits(model: str, faults: list[tuple[Place, str]]) -> ValidationError:
    """What a validator raises for these faults; each place starts at the model that is being checked."""
    details = [
        InitErrorDetails(type=PydanticCustomError(MISFIT, "{text}", {"text": text}), loc=place, input=None)
        for place, text in faults
    ]
    return ValidationError.from_exception_data(model, details)
