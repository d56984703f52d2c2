"""The MTConnect source against an agent with every bad habit: each is one clear line, and nothing stops it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from ear import hearing

from edge.sources.mtconnect import MtconnectSource
from edge.sources.mtconnect_device import Mtconnect
from edge.sources.mtconnect_fake import FakeAgent, Item, http
from edge.sources.mtconnect_items import Machine
from edge.sources.mtconnect_signal import MtconnectSignal
from gateway.clock import Clock

ITEMS = {"exec": Item("EXECUTION"), "count": Item("PART_COUNT")}
SIGNALS = {"execution": MtconnectSignal(item_type="EXECUTION"), "count": MtconnectSignal(item="count", type="Int32")}
FAST: dict[str, Any] = {"interval_ms": 20, "heartbeat_s": 0.4, "timeout_s": 2, "retry_cap_s": 0.3}


@pytest.fixture
async def agent() -> AsyncIterator[FakeAgent]:
    found = FakeAgent(ITEMS, Clock().now)
    await found.start()
    yield found
    await found.stop()


def source(agent: FakeAgent, **settings: Any) -> MtconnectSource:
    device = Mtconnect(type="mtconnect", url=agent.url, **(FAST | settings))
    return MtconnectSource(device, {"M1": Machine(None, SIGNALS)}, Clock())


HALF = b'<?xml version="1.0"?><MTConnectStreams xmlns="urn:mtconnect.org:MTConnectStreams:2.0"><Header instanceId="1"'
FOREIGN = b'<MTConnectStreams xmlns="urn:mtconnect.org:MTConnectStreams:9.9"><Header/></MTConnectStreams>'
ERROR = b'<MTConnectError><Errors><Error errorCode="INTERNAL_ERROR">disk full</Error></Errors></MTConnectError>'
HABITS = {
    "half a document": ("current", http(HALF), "sends a document that ends in the middle"),
    "another version": ("current", http(FOREIGN), "speaks MTConnect 9.9"),
    "a web page": ("probe", http(b"<!DOCTYPE html><p>hello"), "a document type declaration (html)"),
    "an error document": ("current", http(ERROR), "answers: disk full (INTERNAL_ERROR)"),
    "streams for a probe": ("probe", http(b"<MTConnectStreams/>"), "does not answer /probe with its devices"),
    "not found": ("probe", http(b"no", "404 Not Found", "text/plain"), "check the path in `url`, which stands before"),
    "server error": ("probe", http(b"oh", "500 Oops", "text/plain"), "answers HTTP 500; look at the agent's log"),
    "login": ("probe", http(b"", "401 Unauthorized"), "asks for a login"),
    "redirect": ("probe", b"HTTP/1.1 302 Found\r\nLocation: http://x/\r\n\r\n", "redirects to http://x/; write that"),
    "no HTTP": ("probe", b"220 smtp ready\r\n\r\n", "does not speak HTTP properly"),
    "hangs up": ("probe", b"", "does not speak HTTP properly, or hung up in the middle"),
    "cut off": ("probe", b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n<MTC", "hung up in the middle"),
}
PART = b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace;boundary=b\r\n\r\n--b\r\n"
BROKEN_STREAMS = {
    "half a part": PART + b"Content-length: 109\r\n\r\n" + HALF + b"\r\n",
    "a part without end": PART + b"Content-length: 99999999999\r\n\r\n",
    "a stream without parts": PART,
    "an HTTP error": http(b"no", "501 Not Implemented", "text/plain"),
    "an error document": http(ERROR),
}


@pytest.mark.parametrize(("request_", "answer", "complaint"), HABITS.values(), ids=HABITS)
async def test_a_bad_habit_is_one_clear_line_and_stops_nothing(
    agent: FakeAgent, request_: str, answer: bytes, complaint: str
) -> None:
    agent.answer = lambda asked, _: answer if asked == request_ else None
    async with hearing(source(agent)) as ear:
        await ear.until(lambda: False in ear.ups())
        reason = ear.links()[-1].reason
        assert reason.startswith(agent.url)
        assert complaint in reason
        assert "\n" not in reason
        await asyncio.sleep(0.3)
        assert ear.ups() == [False]
        agent.answer = None
        agent.say("count", "5")
        await ear.until(lambda: ear.ups()[-1] and "5" in ear.values("count"))


@pytest.mark.parametrize("answer", BROKEN_STREAMS.values(), ids=BROKEN_STREAMS)
@pytest.mark.parametrize("also_polled", [False, True], ids=["streams only", "all samples"])
async def test_an_agent_with_a_broken_stream_is_asked_again_and_again(
    agent: FakeAgent, answer: bytes, also_polled: bool
) -> None:
    agent.answer = lambda asked, query: answer if asked == "sample" and (also_polled or "interval" in query) else None
    async with hearing(source(agent)) as ear:
        await ear.until(lambda: "sample" in agent.asked)
        for number in ("5", "6"):
            agent.say("count", number)
            await ear.hears("count", number)
    assert ear.ups() == [True]


@pytest.mark.parametrize("hangs_at", ["probe", "sample"])
async def test_a_hung_agent_is_noticed(agent: FakeAgent, hangs_at: str) -> None:
    held = asyncio.Event()
    serve = agent._serve

    async def hung(target: str, writer: asyncio.StreamWriter) -> None:
        if target.startswith(f"/{hangs_at}"):
            await held.wait()
        await serve(target, writer)

    agent._serve = hung  # type: ignore[method-assign]
    async with hearing(source(agent, timeout_s=0.5)) as ear:
        await ear.until(lambda: False in ear.ups())
        assert "does not answer in time: check that it is on and reachable" in ear.links()[-1].reason
        held.set()
        agent.say("count", "8")
        await ear.until(lambda: ear.ups()[-1] and "8" in ear.values("count"))
