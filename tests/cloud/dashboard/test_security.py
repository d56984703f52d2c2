"""What keeps a browser with this host, and strangers out: each shown with what would go through without it."""

import re
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from cloud.dashboard.fake import KEY
from cloud.dashboard.security import Guarded, SameOrigin

HOST = "http://plant.example.com"


def app(**home: Any) -> TestClient:
    async def socket(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text("in")
        await websocket.close()

    async def page(_: Any) -> HTMLResponse:
        return HTMLResponse("<script src='/x.js'></script><scripted/><script>1</script>")

    async def text(_: Any) -> PlainTextResponse:
        return PlainTextResponse("<script>")

    routes = [Route("/", page), Route("/text", text, methods=["GET", "POST"]), WebSocketRoute("/socket", socket)]
    inner = Starlette(routes=routes)
    inner.add_middleware(SameOrigin, **home)
    inner.add_middleware(Guarded, secure=bool(home))
    return TestClient(inner, base_url=HOST)


def test_each_page_has_a_nonce_of_its_own_on_each_of_its_scripts():
    nonces = []
    for _ in range(2):
        answer = app().get("/")
        (nonce,) = re.findall(r"'nonce-([^']+)'", answer.headers["content-security-policy"])
        assert answer.text.count(f'<script nonce="{nonce}"') == 2
        assert "<scripted/>" in answer.text
        assert int(answer.headers["content-length"]) == len(answer.content)
        nonces.append(nonce)
    assert nonces[0] != nonces[1]
    assert app().get("/text").text == "<script>"


def test_the_policy_admits_nothing_inline_and_no_other_host():
    policy = app().get("/").headers["content-security-policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert "'unsafe-inline'" not in rules["script-src"]
    assert rules["script-src-attr"] == "'none'"
    assert rules["connect-src"] == "'self' ws://plant.example.com wss://plant.example.com"
    for rule in ("object-src", "base-uri", "frame-ancestors"):
        assert rules[rule] == "'none'"
    assert not re.search(r"https?:|\*", policy)


@pytest.mark.parametrize("host", ["x.example.com; script-src *", "a b", "x'y", ""])
def test_a_host_that_is_none_gets_into_no_policy(host):
    policy = app().get("/", headers={"Host": host}).headers["content-security-policy"]
    assert "connect-src 'self';" in policy


@pytest.mark.parametrize(
    ("headers", "good"),
    [
        ({}, True),
        ({"Origin": HOST}, True),
        ({"Origin": "http://evil.example.com"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "http://plant.example.com.evil.example.com"}, False),
        ({"Origin": "http://plant.example.com:81"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "same-origin"}, True),
    ],
)
def test_what_changes_something_and_every_socket_comes_from_this_host(headers, good):
    client = app()
    assert client.post("/text", headers=headers).status_code == (200 if good else 403)
    assert client.get("/text", headers=headers).status_code == 200, "control: to look is free"
    try:
        with client.websocket_connect("/socket", headers={"Host": HOST.removeprefix("http://"), **headers}) as socket:
            assert socket.receive_text() == "in"
        came_in = True
    except (WebSocketDisconnect, WebSocketDenialResponse):
        came_in = False
    assert came_in is good


def test_behind_a_proxy_the_public_address_is_this_host_too_and_tls_is_asked_for():
    client = app(home="https://public.example.com")
    assert client.post("/text", headers={"Origin": "https://public.example.com"}).status_code == 200
    answer = client.post("/text", headers={"Origin": "https://other.example.com"})
    assert answer.status_code == 403
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    assert "strict-transport-security" not in app().get("/").headers


@pytest.fixture(scope="module")
def running(serve, furnish, run_dashboard) -> Iterator[str]:
    with serve(furnish(1)) as server, run_dashboard(server.port) as url:
        yield url


@pytest.fixture(scope="module")
def behind_tls(serve, furnish, run_dashboard) -> Iterator[str]:
    public = {"THIRDSHIFT_DASHBOARD_PUBLIC": "https://plant.example.com"}
    with serve(furnish(1)) as server, run_dashboard(server.port, **public) as url:
        yield url


def test_logging_in_changes_the_cookie_and_the_one_from_before_opens_nothing(running):
    with httpx2.Client(base_url=running) as client:
        client.get("/login")
        planted = dict(client.cookies)
        assert client.post("/login", data={"key": KEY}).headers["location"] == "/"
        assert dict(client.cookies) != planted
        assert client.get("/").status_code == 200
    with httpx2.Client(base_url=running, cookies=planted) as thief:
        assert thief.get("/").headers["location"] == "/login"


def test_the_cookie_is_kept_from_scripts_and_from_other_sites(running, behind_tls):
    (plain,) = httpx2.get(f"{running}/login").headers.get_list("set-cookie")
    assert plain.startswith("thirdshift=")
    assert {"httponly", "samesite=lax", "path=/"} <= {part.strip() for part in plain.lower().split(";")}
    (secure,) = httpx2.get(f"{behind_tls}/login").headers.get_list("set-cookie")
    assert secure.startswith("__Host-thirdshift=")
    assert "secure" in secure.lower()


def test_a_form_of_another_site_logs_nobody_in_or_out(running):
    with httpx2.Client(base_url=running) as client:
        client.post("/login", data={"key": KEY})
        for path in ("/login", "/logout"):
            answer = client.post(path, data={"key": KEY}, headers={"Origin": "https://evil.example.com"})
            assert answer.status_code == 403
        assert client.get("/").status_code == 200
        assert client.post("/logout", headers={"Origin": running}).headers["location"] == "/login"
        assert client.get("/").headers["location"] == "/login"


def test_the_live_connection_is_refused_to_other_sites(running):
    with httpx2.Client(base_url=running) as client:
        path = "/_nicegui_ws/socket.io/?EIO=4&transport=polling&client_id=x&implicit_handshake=false"
        assert client.post(path, headers={"Origin": "https://evil.example.com"}).status_code == 403


@pytest.mark.parametrize(
    "form",
    [
        {"key": "ts_live_" + "x" * 500},
        {"name": "x" * 500, "password": "y"},
        {"name": "ada", "password": "y" * 20_000},
        {},
    ],
)
def test_what_cannot_be_anybody_s_is_refused_and_never_repeated(running, form):
    with httpx2.Client(base_url=running) as client:
        answer = client.post("/login", data=form)
        assert (answer.status_code, answer.headers["location"]) == (303, "/login")
        told = client.get("/login").text
        assert not any(len(value) > 3 and value in told for value in form.values())
        assert "yyyy" not in told


def test_a_key_that_nobody_has_takes_no_longer_than_others_and_says_no_more(running):
    with httpx2.Client(base_url=running) as client:
        began = time.monotonic()
        client.post("/login", data={"key": "ts_live_nobody"})
        assert time.monotonic() - began < 30
        assert "does not accept this key" in client.get("/login").text
        assert "does not accept this key" not in client.get("/login").text, "it is said once"
