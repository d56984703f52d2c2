"""Reading the API: lists to their end, failures as what they mean."""

from datetime import timedelta

import httpx2
import pytest

from cloud.dashboard.fake import KEY, NOW
from cloud.dashboard.registry import Away, KeyRefused, Registry

H = timedelta(hours=1)
REST = {"mode": "None", "origin": "plant", "quality": "good"}
OWN = {"id": "ent_1", "name": "Own", "scopes": ["read"]}


def answering(answer):
    return Registry("http://registry", KEY, transport=httpx2.MockTransport(answer))


async def test_a_list_is_read_to_its_last_page(make):
    machine = make.machine().model_dump(mode="json")

    def answer(request):
        page = int(request.url.params.get("cursor", "0"))
        items = [{**machine, "id": f"mch_{page}"}]
        return httpx2.Response(200, json={"items": items, "next_cursor": str(page + 1) if page < 2 else None})

    assert [machine.id for machine in await answering(answer).machines()] == ["mch_0", "mch_1", "mch_2"]


async def test_a_past_that_is_too_much_for_one_answer_is_asked_for_again_from_where_it_stopped():
    def answer(request):
        start = request.url.params["start"]
        piece = {"start": start, "end": NOW.isoformat(), "state": "Executing", **REST}
        more = (NOW - H).isoformat() if start == (NOW - 2 * H).isoformat() else None
        return httpx2.Response(200, json={"items": [piece], "gaps": [], "next_start": more})

    found = await answering(answer).states("mch_1", NOW - 2 * H, NOW)
    assert [piece.start for piece in found.items] == [NOW - 2 * H, NOW - H]
    assert found.next_start is None


async def test_the_key_travels_in_the_header_alone():
    seen = []

    def answer(request):
        seen.append(request)
        return httpx2.Response(200, json=OWN)

    await answering(answer).enterprise()
    assert seen[0].headers["authorization"] == f"Bearer {KEY}"
    assert KEY not in str(seen[0].url)


@pytest.mark.parametrize(
    ("status", "body", "error", "code"),
    [
        (503, {"code": "database.away"}, Away, "database.away"),
        (500, {"code": "internal"}, Away, "internal"),
        (401, {"code": "auth.invalid"}, KeyRefused, "auth.invalid"),
        (403, {"code": "auth.scope"}, KeyRefused, "auth.invalid"),
        (200, {"name": "no id"}, Away, "api.strange"),
    ],
)
async def test_an_answer_that_is_no_success_says_what_it_means(status, body, error, code):
    with pytest.raises(error) as caught:
        await answering(lambda _: httpx2.Response(status, json=body)).enterprise()
    assert caught.value.code == code


async def test_an_api_that_cannot_be_reached_is_away():
    def refuse(request):
        msg = "refused"
        raise httpx2.ConnectError(msg, request=request)

    with pytest.raises(Away, match="ConnectError"):
        await answering(refuse).health()


async def test_fields_that_a_later_registry_adds_do_no_harm():
    told = {**OWN, "mood": "good"}
    assert (await answering(lambda _: httpx2.Response(200, json=told)).enterprise()).name == "Own"
