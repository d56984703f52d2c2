"""The connection to one Modbus TCP server: reads only; what fails is a value that says what to do."""

import asyncio
import logging
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException
from pymodbus.pdu import ExceptionResponse, ModbusPDU

from edge.sources.modbus_device import Modbus
from edge.sources.modbus_plan import Request
from edge.sources.modbus_signal import BITS, FUNCTIONS

__all__ = ["Exceptional", "Line", "Lost", "Read", "Silent"]


@dataclass(frozen=True, slots=True)
class Read:
    """The words or bits that were asked for."""

    words: Sequence[int | bool]


@dataclass(frozen=True, slots=True)
class Exceptional:
    """The unit answers with an exception code instead."""

    code: int


@dataclass(frozen=True, slots=True)
class Silent:
    """The server was reached, and this unit did not answer, or not sensibly."""

    reason: str


@dataclass(frozen=True, slots=True)
class Lost:
    """The server cannot be reached at all."""

    reason: str


Answer = Read | Exceptional | Silent | Lost


@dataclass
class Line:
    """One TCP connection, made when it is needed. `unit`s share it; requests go one after the other."""

    device: Modbus
    _client: AsyncModbusTcpClient | None = field(default=None, init=False)

    async def read(self, unit: int, request: Request) -> Answer:
        """Ask once. A server or unit that does not answer in `timeout_s` costs the connection."""
        client = await self._connected()
        if isinstance(client, Lost):
            return client
        ask = {
            "coil": client.read_coils,
            "discrete": client.read_discrete_inputs,
            "holding": client.read_holding_registers,
            "input": client.read_input_registers,
        }[request.table]
        try:
            async with asyncio.timeout(2 * self.device.timeout_s):
                found = await ask(request.start, count=request.count, device_id=unit)
        except (ModbusException, TimeoutError, OSError) as error:
            reason = _silence(unit, error, client)
            await self.close()
            return Silent(reason)
        return self._judge(unit, request, found)

    def _judge(self, unit: int, request: Request, found: ModbusPDU) -> Answer:
        if isinstance(found, ExceptionResponse):
            return Exceptional(found.exception_code)
        words: Sequence[int | bool] = found.bits if request.table in BITS else found.registers
        if found.function_code != FUNCTIONS[request.table] or len(words) < request.count:
            return Silent(f"unit {unit} answers something else than it was asked: check that it speaks Modbus TCP")
        return Read(words)

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()

    async def _connected(self) -> AsyncModbusTcpClient | Lost:
        if self._client is not None and self._client.connected:
            return self._client
        await self.close()
        _quiet()
        device = self.device
        client = _guarded(
            AsyncModbusTcpClient(device.host, port=device.port, timeout=device.timeout_s, retries=0, reconnect_delay=0)
        )
        try:
            cause = None if await client.connect() else await self._cause()
            if client.connected or (cause is None and await client.connect()):
                self._client = client
                return client
        except BaseException:
            client.close()
            raise
        client.close()
        return Lost(cause or "comes and goes: check the network, and whether other clients take all its connections")

    async def _cause(self) -> str | None:
        """Why the server cannot be reached; the library only says that it cannot. None if now it can."""
        try:
            async with asyncio.timeout(self.device.timeout_s):
                _, writer = await asyncio.open_connection(self.device.host, self.device.port)
        except TimeoutError:
            return "does not answer: check that the PLC is on, and that nothing between blocks the port"
        except socket.gaierror:
            return "has a host name that nobody knows here: check `host`, or write the address"
        except ConnectionRefusedError:
            return "refuses connections: check that its Modbus TCP server is switched on, and `port`"
        except OSError as error:
            return f"cannot be reached ({error.strerror or error}): check `host` and the network"
        writer.close()
        return None


class _Gibberish(ModbusException):
    """Bytes came that are no Modbus frame."""


def _guarded(client: AsyncModbusTcpClient) -> AsyncModbusTcpClient:
    """The library lets a broken frame fall through to the event loop, which logs a traceback; here the ask fails."""
    taking, line = client.ctx.callback_data, client.ctx

    def take(data: bytes, addr: tuple[object, ...] | None = None) -> int:
        try:
            return taking(data, addr)
        except (ModbusException, ValueError, IndexError, struct.error) as error:
            if not line.response_future.done():
                line.response_future.set_exception(_Gibberish(str(error)))
            return len(data)

    line.callback_data = take  # type: ignore[method-assign]
    return client


def _silence(unit: int, error: BaseException, client: AsyncModbusTcpClient) -> str:
    if isinstance(error, _Gibberish):
        return f"answers for unit {unit} what is no Modbus TCP: check `port`, and that nothing else listens there"
    if not client.connected and not isinstance(error, TimeoutError):
        return "closed the connection: check that it is on, and whether other clients take all its connections"
    return f"unit {unit} does not answer: check `unit` and its cable, or raise `timeout_s`"


def _quiet() -> None:
    """The library logs each failure itself; what matters is told by the source, once."""
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)
    logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)
