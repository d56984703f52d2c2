"""The routes of webhooks: add, list, remove; their deliveries, and sending one again."""

from fastapi import APIRouter, Request, Response

from cloud.api import catalogue as c
from cloud.api import kept
from cloud.api.call import AdminCall
from cloud.api.idempotency import KEYED, Key, intention
from cloud.api.page import Page
from cloud.api.problem import Problem
from cloud.api.problems import documented
from cloud.ids import new_id
from cloud.registry.api import AnAsk, AnId, known
from cloud.webhooks import store
from cloud.webhooks.model import Delivery, NewWebhook, Webhook, WebhookRequest, new_secret

router = APIRouter(prefix="/v1", tags=["events"])


@router.post("/webhooks", status_code=201, responses=documented(*KEYED, c.IDEMPOTENCY_SHOWN_ONCE))
async def add_webhook(call: AdminCall, key: Key, request: Request, wanted: WebhookRequest) -> NewWebhook:
    """Have events sent, from now on. Signed as Standard Webhooks says; the secret is in this answer and never again."""
    meant, (text, raw) = intention(key, request, wanted), new_secret()
    made = Webhook(id=new_id("whk"), url=wanted.url, types=wanted.types, created_at=call.now)
    async with kept.shown_once(call, meant, made) as rows:
        await store.add(rows, call.tenant, made.id, wanted, raw, call.now)
    return NewWebhook(secret=text, **made.model_dump())


@router.get("/webhooks")
async def list_webhooks(call: AdminCall) -> Page[Webhook]:
    """The enterprise's webhooks, without their secrets."""
    async with call.rows() as rows:
        return Page[Webhook](items=tuple(await store.webhooks(rows, call.tenant)))


@router.delete("/webhooks/{webhook_id}", status_code=204, responses=documented(c.NOT_FOUND))
async def remove_webhook(call: AdminCall, webhook_id: AnId) -> Response:
    """Nothing more is sent to it, not even what was on its way."""
    async with call.rows() as rows:
        if not await store.remove(rows, call.tenant, webhook_id):
            raise Problem(c.NOT_FOUND)
    return Response(status_code=204)


@router.get("/webhooks/{webhook_id}/deliveries", responses=documented(c.NOT_FOUND))
async def list_deliveries(call: AdminCall, webhook_id: AnId, ask: AnAsk) -> Page[Delivery]:
    """What was sent or is to be, oldest first: attempts, the last answer, when it is tried again."""
    async with call.rows() as rows:
        found = known(await store.deliveries(rows, call.tenant, webhook_id, ask))
    last = found[ask.limit - 1] if len(found) > ask.limit else None
    return ask.turn(found, (last.created_at, last.id) if last else None)


@router.post("/deliveries/{delivery_id}/replay", status_code=204, responses=documented(c.NOT_FOUND))
async def replay_delivery(call: AdminCall, delivery_id: AnId) -> Response:
    """Send it again, whatever became of it; with the same webhook-id, so that a receiver knows it for the same."""
    async with call.rows() as rows:
        if not await store.replay(rows, call.tenant, delivery_id, call.now):
            raise Problem(c.NOT_FOUND)
    return Response(status_code=204)
