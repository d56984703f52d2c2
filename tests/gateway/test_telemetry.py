"""The telemetry message: columns that cross packed and unrounded, and whatever is not such a message is refused."""

import base64
import json
import zlib

import pytest

from gateway.crossing import Disclosure, MachineDisclosure, cross
from gateway.errors import MessageRefused
from gateway.messages import Telemetry, decode_up, encode
from gateway.telemetry import MOST_BYTES, Column


def telemetry(*signals: str, values: int = 3) -> Telemetry:
    at, numbers = (0, *[100_003] * (values - 1)), tuple(0.1 * number for number in range(values))
    columns = tuple(Column(signal=signal, at=at, values=numbers) for signal in signals)
    return Telemetry(machine="M04", base=1_795_511_682_816_227, columns=columns)


def packed(body: object, **more: object) -> bytes:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    z = base64.b64encode(zlib.compress(raw)).decode()
    return json.dumps({"v": 1, "kind": "telemetry", "machine": "M04", "z": z, **more}).encode()


def test_a_long_message_crosses_packed_and_comes_out_the_same() -> None:
    message = telemetry("power", "speed", "heat", values=200)
    payload = encode(message)
    assert b'"z":' in payload
    assert len(payload) < len(message.model_dump_json()) / 3
    assert decode_up(payload) == message


def test_a_short_message_stays_readable() -> None:
    message = telemetry("power")
    assert b'"columns":[{"signal":"power"' in encode(message)
    assert decode_up(encode(message)) == message


def test_every_value_has_its_time_and_its_quality() -> None:
    column = Column(signal="power", at=(5, 10, -2), values=(1, None, "off"), bad=(1,), uncertain=(2,))
    assert list(column.times(1000)) == [1005, 1015, 1013]
    assert column.qualities() == ["good", "bad", "uncertain"]


def test_numbers_that_json_cannot_write_cross_too() -> None:
    odd = [{"index": 1, "number": "-Infinity"}]
    column = Column.model_validate({"signal": "power", "at": [0, 1], "values": [1.0, None], "odd": odd})
    message = Telemetry(machine="M04", base=0, columns=(column,))
    (back,) = decode_up(encode(message)).columns  # type: ignore[union-attr]
    assert back.exact() == [1.0, float("-inf")]


def test_only_the_named_signals_leave_the_plant() -> None:
    message = telemetry("power", "speed", "recipe")
    policy = Disclosure(machines={"M04": MachineDisclosure(signals=frozenset({"power", "speed"}))})
    left = cross(policy, message)
    assert isinstance(left, Telemetry)
    assert [column.signal for column in left.columns] == ["power", "speed"]
    assert cross(Disclosure(), message) is None


BODY = {"base": 0, "columns": [{"signal": "power", "at": [0], "values": [1.0]}]}


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        (packed(b"\x00" * (MOST_BYTES + 1)), "unpacks to more than"),
        (packed(b"[1]"), "does not hold an object"),
        (packed(b"{"), "z|unexpected|invalid"),
        (packed(BODY, z="%%%"), "not zlib in base64"),
        (packed(BODY, z=base64.b64encode(b"plain").decode()), "not zlib in base64"),
        (packed(BODY, z=base64.b64encode(zlib.compress(b"{}")[:-2]).decode()), "cut off"),
        (packed(BODY, z=7), "not zlib in base64"),
        (packed(BODY, base=1), "'base' is there twice"),
        (packed(BODY | {"machine": "M99"}), "'machine' is there twice"),
        (packed(BODY | {"more": 1}), "more: Extra inputs"),
        (packed({"base": 0, "columns": []}), "at least 1"),
        (packed({"base": 0, "columns": [{"signal": "power", "at": [0, 1], "values": [1.0]}]}), "2 times but 1 values"),
        (packed({"base": 0, "columns": [{"signal": "a", "at": [0], "values": [1], "bad": [1]}]}), "a mark at 1"),
        (packed({"base": 0, "columns": [{"signal": "a", "at": [0.5], "values": [1]}]}), "at.0"),
        (packed({"base": 0, "columns": [{"signal": "a", "at": [0], "values": [[1]]}]}), "values.0"),
    ],
    ids=lambda value: value[:24] if isinstance(value, str) else "",
)
def test_what_is_no_telemetry_is_refused_and_says_why(payload: bytes, said: str) -> None:
    with pytest.raises(MessageRefused, match=said):
        decode_up(payload)


def test_a_message_of_too_many_values_is_refused() -> None:
    columns = [{"signal": f"s{number}", "at": [0] * 10_000, "values": [1] * 10_000} for number in range(6)]
    with pytest.raises(MessageRefused, match="60000 values"):
        decode_up(packed({"base": 0, "columns": columns}))
