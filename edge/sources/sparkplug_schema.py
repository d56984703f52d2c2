"""The Sparkplug payload's shape, read from the .proto beside this file: no compiler, and no generated code that ages.

The file keeps to messages of plain fields, one a line, which is all that is read here; any other line is refused.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto

SOURCE = Path(__file__).with_name("sparkplug_b.proto")
_FIELD = re.compile(r"(optional|repeated) (\w+) (\w+) = (\d+);")
_LABELS = {"optional": FieldDescriptorProto.LABEL_OPTIONAL, "repeated": FieldDescriptorProto.LABEL_REPEATED}
_TYPES = {
    "uint32": FieldDescriptorProto.TYPE_UINT32,
    "uint64": FieldDescriptorProto.TYPE_UINT64,
    "float": FieldDescriptorProto.TYPE_FLOAT,
    "double": FieldDescriptorProto.TYPE_DOUBLE,
    "bool": FieldDescriptorProto.TYPE_BOOL,
    "string": FieldDescriptorProto.TYPE_STRING,
    "bytes": FieldDescriptorProto.TYPE_BYTES,
}


def described(text: str) -> FileDescriptorProto:
    """The descriptor that the protocol compiler would make of such a file. Raises ValueError for any other line."""
    file = FileDescriptorProto(name=SOURCE.name, syntax="proto2")
    for line in _lines(text):
        if line.startswith("package "):
            file.package = line.removeprefix("package ").rstrip(";")
        elif line.startswith("message "):
            file.message_type.add(name=line.split()[1])
        elif found := _FIELD.fullmatch(line):
            _add(file, *found.groups())
        elif line not in {"}", 'syntax = "proto2";'}:
            msg = f"{SOURCE.name}: {line!r} is more than is read here: keep to `optional|repeated TYPE name = number;`"
            raise ValueError(msg)
    return file


def _lines(text: str) -> Iterator[str]:
    stripped = (line.strip() for line in text.splitlines())
    return (line for line in stripped if line and not line.startswith("//"))


def _add(file: FileDescriptorProto, label: str, kind: str, name: str, number: str) -> None:
    field = file.message_type[-1].field.add(name=name, number=int(number), label=_LABELS[label])
    if kind in _TYPES:
        field.type = _TYPES[kind]
    else:
        field.type, field.type_name = FieldDescriptorProto.TYPE_MESSAGE, f".{file.package}.{kind}"


def _payload() -> Any:
    pool = descriptor_pool.DescriptorPool()
    file = described(SOURCE.read_text(encoding="utf-8"))
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{file.package}.Payload"))


Payload: Any = _payload()
"""The message class; its fields are those of the .proto."""
