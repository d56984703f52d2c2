"""Exports as Parquet: what a program that knows nothing of us reads in them is what the CSV and the API say."""

import asyncio
import contextlib
import csv
import io
import time
from decimal import Decimal

import duckdb
import pytest
from api_market import Market, at, booking

from cloud.exports.parquet import AT_ONCE, written
from cloud.exports.tables import BOOKINGS, LEDGER

MEDIA = "application/vnd.apache.parquet"


async def taken(market, who, name, tmp_path, **query):
    """The rows and the columns' types, as DuckDB reads them."""
    answer = await market.clients[who]._http.get(f"/v1/exports/{name}.parquet", params=query)
    assert (answer.status_code, answer.headers["content-type"]) == (200, MEDIA)
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}.parquet"'
    (tmp_path / "taken.parquet").write_bytes(answer.content)
    return read(tmp_path / "taken.parquet")


def read(path):
    with contextlib.closing(duckdb.connect()) as foreign:
        foreign.execute("SET TimeZone = 'UTC'")
        found = foreign.execute("SELECT * FROM read_parquet($1)", [str(path)])
        names = [each[0] for each in found.description]
        types = {each[0]: str(each[1]) for each in found.description}
        rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    return rows, types


async def test_a_foreign_reader_finds_what_the_csv_says(market: Market, tmp_path) -> None:
    service_id, _ = await market.offer()
    buyer = market.clients["buyer"]
    booked = await buyer.book(booking(service_id, 10, 12))
    await buyer.cancel((await buyer.book(booking(service_id, 20, 21))).id)
    rows, types = await taken(market, "buyer", "bookings", tmp_path)
    answer = await buyer._http.get("/v1/exports/bookings.csv")
    table = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["id"] for row in rows] == [row["id"] for row in table]
    assert list(rows[0]) == list(table[0])
    assert (rows[0]["start"], rows[0]["end"]) == (at(10), at(12))
    assert rows[0]["price"] == Decimal(table[0]["price"]) == booked.price.amount
    assert rows[0]["run_hours"] is None
    assert (types["start"], types["price"], types["quantity"], types["at_risk"], types["run_hours"]) == (
        *("TIMESTAMP WITH TIME ZONE", "DECIMAL(18,4)", "BIGINT", "BOOLEAN", "DOUBLE"),
    )


async def test_nobody_takes_away_what_he_may_not_see(market: Market, tmp_path) -> None:
    service_id, _ = await market.offer()
    await market.clients["buyer"].book(booking(service_id, 10, 12))
    assert (await taken(market, "rival", "bookings", tmp_path))[0] == []
    assert (await taken(market, "buyer", "ledger", tmp_path))[0] == [], "the account of hours is the plant's"
    assert [row["kind"] for row in (await taken(market, "maker", "ledger", tmp_path))[0]] == ["statement", "confirmed"]


async def test_the_ledger_is_the_same_as_csv(market: Market, tmp_path) -> None:
    service_id, machine_id = await market.offer()
    held = await market.clients["buyer"].book(booking(service_id, 10, 12))
    answer = await market.clients["maker"]._http.get("/v1/exports/ledger.csv")
    table = list(csv.DictReader(io.StringIO(answer.text)))
    rows, _ = await taken(market, "maker", "ledger", tmp_path)
    assert [(str(row["seq"]), row["machine_id"], row["claim_id"] or "", row["kind"]) for row in rows] == [
        (row["seq"], row["machine_id"], row["claim_id"], row["kind"]) for row in table
    ]
    assert rows[-1] | {"seq": 0, "at": 0} == {
        "seq": 0,
        "at": 0,
        "machine_id": machine_id,
        "claim_id": held.id,
        "kind": "confirmed",
        "start": at(10),
        "end": at(12),
        "quantity": 1,
    }


async def test_a_window_is_asked_for_as_of_the_csv(market: Market, tmp_path) -> None:
    service_id, _ = await market.offer()
    buyer = market.clients["buyer"]
    for hour in (10, 20):
        await buyer.book(booking(service_id, hour, hour + 1))
    rows, _ = await taken(market, "buyer", "bookings", tmp_path, start=at(19).isoformat())
    assert [row["start"] for row in rows] == [at(20)]


def ledger_row(number: int) -> dict[str, object]:
    text = {"machine_id": f"mch_{number}", "claim_id": None if number % 2 else "bkg_1", "kind": "置"}
    return {"seq": number, "at": at(number / 60), **text, "start": None, "end": None, "quantity": None}


async def test_many_batches_make_one_file_while_the_process_goes_on(tmp_path) -> None:
    beats: list[float] = []

    async def rows():
        for number in range(3 * AT_ONCE + 1):
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)
            yield ledger_row(number)

    async def beat() -> None:
        while True:
            beats.append(time.monotonic())
            await asyncio.sleep(0.001)

    beating = asyncio.create_task(beat())
    with await written(LEDGER, rows()) as file:
        (tmp_path / "many.parquet").write_bytes(file.read())
    beating.cancel()
    found, _ = read(tmp_path / "many.parquet")
    assert [row["seq"] for row in found] == list(range(3 * AT_ONCE + 1))
    assert found[2]["at"] == at(2 / 60)
    assert found[2]["kind"] == "置"
    assert len(beats) > 1


async def test_a_failure_of_the_rows_is_the_one_that_is_told() -> None:
    async def rows():
        yield ledger_row(1)
        msg = "the database went away"
        raise ConnectionResetError(msg)

    with pytest.raises(ConnectionResetError, match="went away"):
        await written(LEDGER, rows())


async def test_who_stops_waiting_stops_the_reading_of_rows() -> None:
    closed = asyncio.Event()
    waits = asyncio.Event()

    async def rows():
        try:
            yield ledger_row(1)
            waits.set()
            await asyncio.Event().wait()
        finally:
            closed.set()

    writing = asyncio.create_task(written(LEDGER, rows()))
    await waits.wait()
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert closed.is_set()


def test_a_table_says_of_each_column_what_it_holds() -> None:
    assert {BOOKINGS.columns[name].value for name in ("start", "end", "created_at", "updated_at")} == {"moment"}
    assert {BOOKINGS.columns[name].value for name in ("price", "due", "settled")} == {"amount"}
