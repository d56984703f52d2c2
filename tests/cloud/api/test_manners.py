"""The manners that hold on every route: problems, request ids, keys and scopes, pages."""

from pathlib import Path

import asyncpg
import httpx2
import orjson
import pytest
from api_market import Market, booking, until
from fastapi import FastAPI
from structlog.testing import capture_logs

from cloud.api import problems
from cloud.api.catalogue import CATALOGUE, markdown
from cloud.app import PUBLIC, UNSTORED, create_app, describe
from cloud.client import ApiError
from cloud.config import Settings
from cloud.partners.model import KeyRequest, Scope
from cloud.registry.model import SiteRequest
from gateway.clock import Clock

ROOT = Path(__file__).parents[3]


async def test_every_answer_carries_a_request_id_and_echoes_a_usable_one(bare: httpx2.AsyncClient) -> None:
    answers = [await bare.get(path) for path in ("/v1/health", "/v1/machines", "/nowhere")]
    assert [answer.status_code for answer in answers] == [200, 401, 404]
    assert all(answer.headers["request-id"].startswith("req_") for answer in answers)
    answer = await bare.get("/v1/machines", headers={"Request-Id": "order-4711"})
    assert answer.headers["request-id"] == "order-4711" == answer.json()["request_id"]
    answer = await bare.get("/v1/machines", headers={"Request-Id": "a b\tc"})
    assert answer.headers["request-id"].startswith("req_")


KEY = {"Idempotency-Key": "k"}

FAULTS: list[tuple[str, str, dict[str, str], bytes | None, str]] = [
    ("GET", "/v1/nowhere", {}, None, "route.unknown"),
    ("PATCH", "/v1/sites", {}, None, "method.unknown"),
    ("GET", "/v1/sites", {}, None, "auth.missing"),
    ("GET", "/v1/sites", {"Authorization": "Bearer ts_live_forged"}, None, "auth.invalid"),
    ("GET", "/v1/sites", {"Authorization": "Basic dTpw"}, None, "auth.invalid"),
    ("POST", "/v1/sites", {"as": "maker"}, b"{", "request.malformed"),
    ("POST", "/v1/sites", {"as": "maker", **KEY}, b'{"name": "w", "zone": "Mars/Olympus"}', "request.invalid"),
    ("POST", "/v1/sites", {"as": "maker", **KEY}, b'{"name": "\\u0000", "zone": "UTC"}', "request.invalid"),
    ("POST", "/v1/sites", {"as": "maker"}, b'{"name": "w", "zone": "UTC"}', "idempotency.missing"),
    ("POST", "/v1/keys", {"as": "maker"}, b'{"name": "k", "scopes": ["read"]}', "idempotency.missing"),
    ("POST", "/v1/sites", {"as": "maker"}, b" " * (1 << 20) + b"{}", "request.too_large"),
    ("GET", "/v1/sites?cursor=!!", {"as": "maker"}, None, "cursor.invalid"),
    ("GET", "/v1/parked?cursor=WyIyMDI2LTAxLTAxVDAwOjAwOjAwWiIsIngiXQ", {"as": "maker"}, None, "cursor.invalid"),
    ("GET", "/v1/sites?limit=0", {"as": "maker"}, None, "request.invalid"),
    ("GET", "/v1/machines/mch_none", {"as": "maker"}, None, "not_found"),
    ("GET", "/v1/machines/%00", {"as": "maker"}, None, "request.invalid"),
    ("GET", "/v1/events", {"as": "maker", "Last-Event-ID": "yesterday"}, None, "cursor.invalid"),
    ("GET", "/v1/events", {"as": "maker", "Last-Event-ID": "18446744073709551616-1"}, None, "cursor.invalid"),
    ("GET", "/v1/events", {"as": "maker", "Last-Event-ID": "1-9223372036854775808"}, None, "cursor.invalid"),
    (
        "POST",
        "/v1/holds",
        {"as": "buyer"},
        b'{"service_id":"svc_x","start":"2026-03-02T08:00:00Z","end":"2026-03-02T09:00:00Z"}',
        "idempotency.missing",
    ),
]


async def test_whatever_goes_wrong_is_a_problem_with_a_code_and_a_remedy(
    market: Market, bare: httpx2.AsyncClient
) -> None:
    for method, path, headers, content, code in FAULTS:
        given = dict(headers)
        if who := given.pop("as", None):
            given["Authorization"] = f"Bearer {market.enterprises[who].key}"
        if content:
            given["Content-Type"] = "application/json"
        answer = await bare.request(method, path, headers=given, content=content)
        problem = answer.json()
        assert problem["code"] == code, (method, path, problem)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.status_code == problem["status"] == CATALOGUE[code].status
        assert (code == "request.invalid") is bool(problem.get("errors")), problem
        assert problem["type"] == f"/v1/problems/{code}"
        assert problem["remedy"]
        assert ("WWW-Authenticate" in answer.headers) is (answer.status_code == 401)


async def test_a_refused_field_is_pointed_to(market: Market) -> None:
    service = {"name": "s", "machine_ids": ["mch_x"], "price": {"amount": "85,00", "currency": "EUR"}, "colour": "red"}
    answer = await market.clients["maker"]._http.post("/v1/services", json=service, headers=KEY)
    assert {fault["pointer"] for fault in answer.json()["errors"]} == {"/price/amount", "/colour"}


async def test_a_body_that_is_not_said_to_be_json_is_told_so(market: Market) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for route in ("/v1/search", "/v1/inquiries"):
        answer = await market.clients["buyer"]._http.post(route, content=b"{}", headers={**form, **KEY})
        (fault,) = answer.json()["errors"]
        assert fault == {"pointer": "/", "detail": "not read as JSON; send the header Content-Type: application/json"}


@pytest.mark.parametrize(
    ("path", "body", "place"),
    [
        ("/v1/sites", {"name": "a\0b", "zone": "UTC"}, "/name"),
        ("/v1/holds", {"service_id": "svc_1", "start": "2026-03-02T08:00:00Z", "end": "\0"}, "/end"),
        ("/v1/bookings/bkg\0/cancel", {"reason": "x"}, "path/booking_id"),
        ("/v1/bookings/bkg_1/cancel", {"reason": "\0"}, "/reason"),
    ],
)
async def test_what_cannot_be_kept_is_pointed_to_in_our_own_words(
    market: Market, path: str, body: dict[str, str], place: str
) -> None:
    service_id, _ = await market.offer()
    booked = await market.clients["buyer"].book(booking(service_id, 10, 12))
    url = path.replace("bkg_1", booked.id).replace("\0", "%00")
    http = market.clients["buyer" if "bookings" in path else "maker"]._http
    problem = (await http.post(url, json=body, headers=KEY)).json()
    assert problem["code"] == "request.invalid"
    assert [fault["pointer"] for fault in problem["errors"]] == [place]
    assert [word for word in ("DETAIL", "escape", "byte sequence") if word in str(problem)] == []


async def test_the_manual_needs_nothing_from_outside_and_names_every_route_and_model(bare: httpx2.AsyncClient) -> None:
    answer = await bare.get("/docs")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert [part for part in ("http://", "https://", "<script", "src=", "url(") if part in answer.text] == []
    described = describe(create_app(Settings(), Clock()))
    for path, item in described["paths"].items():
        for method in item:
            assert f"{method.upper()} {path}" in answer.text
    for name in described["components"]["schemas"]:
        assert f"id='{name}'" in answer.text


async def test_an_unexpected_failure_is_a_problem_that_tells_nothing_of_the_inside(settings: Settings) -> None:
    app = create_app(settings, Clock())

    @app.get("/v1/broken")
    async def broken() -> None:
        msg = "the secret is Rumpelstilzchen"
        raise RuntimeError(msg)

    transport = httpx2.ASGITransport(app=app)
    with capture_logs() as logs:
        async with httpx2.AsyncClient(base_url="http://api", transport=transport) as client:
            answer = await client.get("/v1/broken")
    assert [entry["event"] for entry in logs] == ["request failed"]
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "Rumpelstilzchen" not in answer.text
    assert answer.headers["request-id"] == answer.json()["request_id"]


def test_a_full_disk_is_told_to_who_runs_it_once_and_not_at_each_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(problems, "_told", {})
    full = asyncpg.DiskFullError('could not extend file "base/1/2": No space left on device')
    with capture_logs() as said:
        answers = [problems.away(full) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [503, 503, 503]
    assert [(each["cause"], each["log_level"]) for each in said] == [("DiskFullError", "warning")]
    assert "No space left on device" in said[0]["reason"]


async def test_a_key_does_what_its_scopes_say_and_no_more(market: Market) -> None:
    admin = market.clients["maker"]
    made = await admin.add_key(KeyRequest(name="look only", scopes=frozenset({Scope.READ})))
    async with market.client(made.key) as reader:
        assert (await reader.enterprise()).scopes == ("read",)
        for call in (
            reader.add_site(SiteRequest(name="w", zone="UTC")),
            reader.keys(),
            reader.release("hld_x"),
        ):
            with pytest.raises(ApiError) as caught:
                await call
            assert caught.value.code == "auth.scope"


async def test_a_key_is_shown_once_stored_as_a_hash_and_dead_at_once_when_revoked(market: Market) -> None:
    admin = market.clients["maker"]
    made = await admin.add_key(KeyRequest(name="till tomorrow", scopes=frozenset({Scope.READ}), live=False))
    assert made.key.startswith("ts_test_")
    assert [key.prefix for key in await admin.keys()] == [market.enterprises["maker"].key[:16], made.key[:16]]
    stored = await market.owner.fetch("SELECT * FROM api_key")
    assert made.key not in str(stored)
    async with market.client(made.key) as client:
        await client.sites()
        await admin.revoke_key(made.id)
        with pytest.raises(ApiError) as caught:
            await client.sites()
        assert caught.value.code == "auth.invalid"


async def test_a_key_revoked_by_another_process_dies_by_notice(market: Market, app: FastAPI) -> None:
    await market.clients["maker"].sites()
    await market.owner.execute(
        "UPDATE api_key SET revoked_at = created_at WHERE enterprise_id = $1", market.id("maker")
    )
    await market.owner.execute("NOTIFY ts_key")

    async def is_dead() -> bool:
        answer = await market.clients["maker"]._http.get("/v1/sites")
        return answer.status_code == 401

    await until(is_dead, within=3)


async def test_pages_neither_skip_nor_repeat_while_things_are_added(market: Market) -> None:
    client = market.clients["maker"]
    for number in range(5):
        await client.add_site(SiteRequest(name=f"site {number}", zone="UTC"))
    seen: list[str] = []
    cursor: str | None = None
    for turn in range(10):
        page = (
            await client._http.get("/v1/sites", params={"limit": 2, **({"cursor": cursor} if cursor else {})})
        ).json()
        seen += [site["name"] for site in page["items"]]
        if turn == 1:
            await client.add_site(SiteRequest(name="site 5", zone="UTC"))
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [f"site {number}" for number in range(6)]


async def test_a_name_that_is_taken_is_said(market: Market) -> None:
    request = SiteRequest(name="works", zone="UTC")
    await market.clients["maker"].add_site(request)
    await market.clients["buyer"].add_site(request)
    with pytest.raises(ApiError) as caught:
        await market.clients["maker"].add_site(request)
    assert caught.value.code == "name.taken"


def test_the_page_of_problems_is_complete() -> None:
    assert (ROOT / "docs/problems.md").read_text() == markdown(), (
        "run: python -m cloud.api --problems > docs/problems.md"
    )


async def test_the_type_of_a_problem_leads_to_what_it_means(bare: httpx2.AsyncClient) -> None:
    listed = (await bare.get("/v1/problems")).json()
    assert [kind["code"] for kind in listed] == list(CATALOGUE)
    for kind in listed:
        assert (await bare.get(f"/v1/problems/{kind['code']}")).json() == kind


def test_the_committed_description_has_not_drifted() -> None:
    described = orjson.loads(orjson.dumps(describe(create_app(Settings(), Clock()))))
    committed = orjson.loads((ROOT / "cloud/openapi.json").read_bytes())
    assert committed == described, "run: make openapi"


def test_the_description_is_openapi_3_1_and_says_of_every_route_who_may_call_and_how_it_fails() -> None:
    described = describe(create_app(Settings(), Clock()))
    assert described["openapi"].startswith("3.1")
    for path, item in described["paths"].items():
        for operation in item.values():
            assert operation["security"] == ([] if path in PUBLIC else [{"key": []}])
            assert ("503" in operation["responses"]) is (path not in UNSTORED)
            refused = operation["responses"].get("401", {"description": ""})["description"]
            assert ("`auth.invalid`" in refused) is (path not in PUBLIC)


def test_every_refusal_of_booking_is_in_the_catalogue() -> None:
    text = "".join(path.read_text() for path in (ROOT / "cloud/booking/sql").glob("*.sql"))
    codes = {part.split("'")[0] for part in text.split("ts_refused('")[1:]}
    assert codes
    assert codes <= set(CATALOGUE)
    for code in codes:
        statuses = {
            int(part.split(",")[1].split(")")[0])
            for part in text.split("ts_refused(")[1:]
            if part.startswith(f"'{code}',")
        }
        assert statuses <= {CATALOGUE[code].status}, code
