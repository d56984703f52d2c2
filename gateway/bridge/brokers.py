"""The door's two connections, and the question whether they lead to one and the same broker."""

import asyncio
import secrets

from gateway.errors import GatewayError
from gateway.mqtt import MqttClient

SETTLED, ECHO = 0.5, 2.0
"""Real seconds until a broker has a subscription, and for which what was said may be heard again."""


class SameBroker(GatewayError):
    """Inside and outside are one broker under two names."""

    code = "gateway.same_broker"


class Brokers:
    """The two connections. `inside` is the plant's, `outside` the registry's."""

    def __init__(self, inside: MqttClient, outside: MqttClient) -> None:
        self.inside, self.outside = inside, outside

    async def part(self) -> None:
        """Look, whenever both are there, whether they are one: what is said inside must not be heard outside.

        Raises SameBroker. A broker that forbids the question hides the answer.
        """
        topic = f"ts/1/gateway/{secrets.token_hex(8)}/round"
        heard = self.outside.subscribe(topic)
        try:
            await asyncio.gather(self.inside.wait_connected(), self.outside.wait_connected())
            await asyncio.sleep(SETTLED)
            self.inside.publish(topic, b"")
            async with asyncio.timeout(ECHO):
                await anext(heard)
        except TimeoutError:
            return
        finally:
            self.outside.unsubscribe(heard)
        msg = (
            "inside and outside are the same broker, so everything would go in a circle:"
            " name the plant's broker inside and the registry's outside"
        )
        raise SameBroker(msg)
