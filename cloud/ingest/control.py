"""The control stream's effects: capacity statements, answers to orders and job reports, by the functions of booking."""

from collections.abc import Mapping, Sequence

import asyncpg

from cloud.ingest.model import Control, Numbered, Parked


async def apply(
    connection: asyncpg.Connection, around: object, told: Sequence[Numbered[Control]], ids: Mapping[str, str]
) -> list[Parked]:
    return []
