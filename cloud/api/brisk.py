"""The routes that are called most: what FastAPI does for any route, done once for theirs."""

from collections.abc import Callable, Coroutine
from typing import Any, cast

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError

from cloud.api.idempotency import required

JSON = "application/json"


class Brisk(APIRoute):
    """A route whose endpoint takes one JSON body, the request, and dependencies that look at the request alone.

    A body is read straight into its model. Whatever is not as it should be (no JSON, a field too many) goes the usual
    way, which says what is wrong with it: for that the request is still whole. A booking costs a fourth less of Python.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        usual, endpoint, dependant = super().get_route_handler(), self.endpoint, self.dependant
        body, asks = dependant.body_params[0], [(each.name, each.call) for each in dependant.dependencies]
        read = TypeAdapter(cast("Any", body.field_info.annotation)).validate_json
        itself = dependant.request_param_name

        async def handle(request: Request) -> Response:
            if request.headers.get("content-type") != JSON:
                return await usual(request)
            try:
                values: dict[str, Any] = {body.name: read(await request.body())}
            except ValidationError:
                return await usual(request)
            for name, ask in asks:
                given = request.headers.get("idempotency-key") if ask is required else request
                values[cast("str", name)] = await cast("Callable[[Any], Any]", ask)(given)
            if itself:
                values[itself] = request
            return cast("Response", await endpoint(**values))

        return handle
