"""From the words of a Modbus table to a value."""

import struct
from collections.abc import Mapping, Sequence

from edge.sources.modbus_signal import BITS, ModbusSignal

_FORMATS: Mapping[str, str] = {
    "Int16": ">h",
    "UInt16": ">H",
    "Enumeration": ">H",
    "Int32": ">i",
    "UInt32": ">I",
    "Int64": ">q",
    "UInt64": ">Q",
    "Float": ">f",
    "Double": ">d",
}


def decode(signal: ModbusSignal, words: Sequence[int | bool]) -> bool | int | float | str:
    """The raw value of `signal.width` words (or bits): neither scaled nor named. Words are unsigned, 16 bits."""
    if signal.table in BITS:
        return bool(words[0])
    if signal.bit is not None:
        return bool(_swapped(words[0], signal) >> signal.bit & 1)
    ordered = [_swapped(word, signal) for word in words]
    if signal.type == "String":
        return _text(ordered, signal.length or 0)
    if signal.word_order == "little":
        ordered.reverse()
    return _number(signal.type or "", ordered)


def _number(kind: str, words: Sequence[int]) -> bool | int | float:
    match kind:
        case "Boolean":
            return words[0] != 0
        case "Byte":
            return words[0] & 0xFF
        case "SByte":
            return (words[0] & 0xFF ^ 0x80) - 0x80
        case _:
            (value,) = struct.unpack(_FORMATS[kind], struct.pack(f">{len(words)}H", *words))
            return int(value) if isinstance(value, int) else float(value)


def _text(words: Sequence[int], length: int) -> str:
    """Up to the first NUL, without the blanks that fill a fixed field."""
    raw = struct.pack(f">{len(words)}H", *words)[:length]
    return raw.split(b"\0", 1)[0].decode("utf-8", "replace").rstrip()


def _swapped(word: int | bool, signal: ModbusSignal) -> int:
    word = int(word)
    return (word & 0xFF) << 8 | word >> 8 if signal.byte_order == "little" else word
