"""What an MTConnect document says, and how everything else is refused."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.sources.mtconnect_model import Complaint, Devices, NotMtconnect, Observation, Streams
from edge.sources.mtconnect_parts import Parts, boundary_of
from edge.sources.mtconnect_xml import moment, read

HEADER = '<Header instanceId="7" version="2.0" firstSequence="1" lastSequence="44" nextSequence="45"/>'
STREAMS = f"""<?xml version="1.0" encoding="UTF-8"?>
<m:MTConnectStreams xmlns:m="urn:mtconnect.org:MTConnectStreams:2.0" xmlns:x="urn:maker:Extension:1.0">{HEADER}
<m:Streams><m:DeviceStream name="Mill" uuid="M-1">
  <m:ComponentStream component="Path" componentId="p1" name="path">
    <m:Events>
      <m:Execution dataItemId="exec" sequence="12" timestamp="2026-03-02T06:00:00.1234567Z">ACTIVE</m:Execution>
      <m:Program dataItemId="prog" sequence="3" timestamp="2026-03-02T05:00:00Z"> O77 &amp; more </m:Program>
      <x:Lamp dataItemId="lamp" sequence="4" timestamp="2026-03-02T05:00:00+01:00">UNAVAILABLE</x:Lamp>
      <m:VariableDataSet dataItemId="vars" sequence="5" timestamp="yesterday">
        <m:Entry key="a">1</m:Entry></m:VariableDataSet>
    </m:Events>
    <m:Condition>
      <m:Fault dataItemId="sys" sequence="9" nativeCode="41" timestamp="2026-03-02T05:00:00Z">Oil</m:Fault>
      <m:Unavailable dataItemId="hyd" sequence="8" type="SYSTEM" timestamp="2026-03-02T05:00:00Z"/>
    </m:Condition>
  </m:ComponentStream>
</m:DeviceStream></m:Streams></m:MTConnectStreams>"""


def test_observations_come_in_the_order_of_their_numbers() -> None:
    found = read(STREAMS.encode())
    assert isinstance(found, Streams)
    assert (found.header.instance, found.header.first, found.header.next) == ("7", 1, 45)
    five = datetime(2026, 3, 2, 5, tzinfo=UTC)
    assert found.observations == (
        Observation("prog", "O77 & more", five, 3),
        Observation("lamp", None, datetime(2026, 3, 2, 4, tzinfo=UTC), 4),
        Observation("vars", {"a": "1"}, None, 5),
        Observation("hyd", None, five, 8, "CONDITION"),
        Observation("sys", "FAULT", five, 9, "CONDITION", "41"),
        Observation("exec", "ACTIVE", datetime(2026, 3, 2, 6, 0, 0, 123456, tzinfo=UTC), 12),
    )


def test_a_device_model_gives_each_item_and_its_component() -> None:
    found = read(
        b"""<MTConnectDevices><Header instanceId="7"/><Devices>
        <Agent id="agent" name="Agent" uuid="A"/>
        <Device id="d" name="Mill" uuid="M-1"><DataItems>
        <DataItem id="avail" type="AVAILABILITY" category="EVENT"/></DataItems>
        <Components><Axes id="a"><Components><Linear id="x" name="X"><DataItems>
        <DataItem id="xp" name="Xact" type="POSITION" subType="ACTUAL" category="SAMPLE" units="MILLIMETER"/>
        </DataItems></Linear></Components></Axes></Components></Device></Devices></MTConnectDevices>"""
    )
    assert isinstance(found, Devices)
    (device,) = found.devices
    assert device.names == {"d", "Mill", "M-1"}
    assert [item.shown for item in device.items] == [
        "avail (AVAILABILITY of Device Mill)",
        "xp (POSITION.ACTUAL of Linear X)",
    ]
    assert device.items[1].units == "MILLIMETER"


@pytest.mark.parametrize(
    "inner",
    [
        '<Errors><Error errorCode="OUT_OF_RANGE">too   old</Error></Errors>',
        '<Error errorCode="OUT_OF_RANGE">too old</Error>',
        '<Errors><OutOfRange errorCode="OUT_OF_RANGE"><ErrorMessage>too old</ErrorMessage></OutOfRange></Errors>',
    ],
    ids=["list", "alone (1.0)", "named (2.6)"],
)
def test_an_agents_complaint_is_read_in_every_version(inner: str) -> None:
    found = read(f"<MTConnectError>{HEADER}{inner}</MTConnectError>".encode())
    assert isinstance(found, Complaint)
    assert found.has("OUT_OF_RANGE")
    assert found.shown == "too old (OUT_OF_RANGE)"


BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><MTConnectStreams>&b;</MTConnectStreams>'


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "an empty document"),
        (b"  \n", "an empty document"),
        (STREAMS.encode()[:400], "ends in the middle"),
        (b"<MTConnectStreams><Header></MTConnectStreams>", "broken XML: mismatched tag at line 1"),
        (b"<!DOCTYPE html><html><body>It works!</body></html>", "document type declaration"),
        (BOMB, "document type declaration"),
        (b"<html><body>It works!</body></html>", "<html>, which is no MTConnect document"),
        (b'{"MTConnectStreams": {}}', "broken XML"),
        (b'<MTConnectStreams xmlns="urn:mtconnect.org:MTConnectStreams:3.0"/>', "speaks MTConnect 3.0"),
        (b'<MTConnectStreams xmlns="urn:other:thing"/>', "'urn:other:thing', which is not MTConnect's"),
        (b"<a>" * 70 + b"</a>" * 70, "nests more than 64"),
        (b'<?xml version="1.0" encoding="klingon"?><MTConnectStreams/>', "unknown encoding"),
        (b"\xff\xfe\x00\x01", "broken XML"),
    ],
)
def test_what_is_no_mtconnect_document_is_refused_in_one_line(data: bytes, complaint: str) -> None:
    with pytest.raises(NotMtconnect) as refused:
        read(data)
    assert complaint in str(refused.value)
    assert "\n" not in str(refused.value)


@given(st.integers(min_value=0, max_value=len(STREAMS.encode()) - 1))
def test_a_document_cut_anywhere_is_refused_and_never_half_read(end: int) -> None:
    with pytest.raises(NotMtconnect):
        read(STREAMS.encode()[:end])


@given(st.binary(max_size=300), st.integers(min_value=0, max_value=len(STREAMS) - 1))
def test_bytes_from_anywhere_are_read_or_refused(noise: bytes, place: int) -> None:
    whole = STREAMS.encode()
    for data in (noise, whole[:place] + noise + whole[place:]):
        with suppress(NotMtconnect):
            read(data)


@pytest.mark.parametrize(
    "numbers", ['nextSequence="-1"', 'nextSequence="1e9"', 'nextSequence=""', f'nextSequence="{"9" * 30}"']
)
def test_a_number_that_is_none_is_left_out(numbers: str) -> None:
    found = read(f"<MTConnectStreams><Header instanceId='1' {numbers}/><Streams/></MTConnectStreams>".encode())
    assert found.header.next is None


@pytest.mark.parametrize("text", [None, "", "soon", "2026-13-01T00:00:00Z", "0001-01-01T00:00:00+23:59"])
def test_a_stamp_that_is_none_is_left_out(text: str | None) -> None:
    assert moment(text) is None


BODIES = [b"<one/>", b"<two>\r\n--frontier without its line</two>", b"<three/>"]
LENGTHS = b"".join(
    b"\r\n--frontier\r\nContent-type: text/xml\r\nContent-length: %d\r\n\r\n%s" % (len(body), body) for body in BODIES
)


@given(st.lists(st.integers(min_value=1, max_value=60), max_size=30))
def test_parts_come_out_whole_however_the_bytes_come_in(cuts: list[int]) -> None:
    parts, found, rest = Parts(b"--frontier"), list[bytes](), LENGTHS
    for cut in cuts:
        found += parts.feed(rest[:cut])
        rest = rest[cut:]
    found += parts.feed(rest)
    assert found == BODIES


@given(st.integers(min_value=1, max_value=40))
def test_parts_without_a_length_end_at_the_next_boundary(step: int) -> None:
    stream = b"--b\r\nContent-type: text/xml\r\n\r\n<one/>\r\n--b\n\n<two/>\n--b\r\n\r\n"
    parts = Parts(b"b")
    found = [part for at in range(0, len(stream), step) for part in parts.feed(stream[at : at + step])]
    assert found == [b"<one/>", b"<two/>"]


@pytest.mark.parametrize(
    ("stream", "complaint"),
    [
        (b"--b\r\nContent-length: a few\r\n\r\n<one/>", "'a few' bytes"),
        (b"--b\r\nContent-length: 99999999999\r\n\r\n<one/>", "'99999999999' bytes"),
        (b"--b\r\n" + b"x" * 9000, "whose head does not end"),
        (b"--b\r\n\r\n" + b"x" * 20_000, "more than 1,000 bytes"),
        (b"y" * 20_000, "more than 1,000 bytes"),
    ],
)
def test_a_stream_that_would_fill_the_memory_is_refused(stream: bytes, complaint: str) -> None:
    with pytest.raises(NotMtconnect, match=complaint):
        Parts(b"b", largest=1000).feed(stream)


@given(st.binary(max_size=400))
def test_a_stream_of_noise_is_cut_or_refused(noise: bytes) -> None:
    with suppress(NotMtconnect):
        Parts(b"b").feed(noise)


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ("multipart/x-mixed-replace;boundary=abc", b"abc"),
        ('Multipart/X-Mixed-Replace; charset=utf-8; boundary="a b"', b"a b"),
        ("text/xml;charset=UTF-8", None),
        ("", None),
    ],
)
def test_the_boundary_is_what_the_answer_announces(content_type: str, boundary: bytes | None) -> None:
    assert boundary_of(content_type) == boundary


def test_a_multipart_without_a_boundary_is_refused() -> None:
    with pytest.raises(NotMtconnect, match="names no boundary"):
        boundary_of("multipart/x-mixed-replace")
