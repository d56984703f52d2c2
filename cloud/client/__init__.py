"""A thin typed client of the API: what a partner's program, the dashboard and the tests call it with."""

from cloud.client.bookings import BookingCalls
from cloud.client.cooperation import CooperationCalls
from cloud.client.holdings import HoldingCalls
from cloud.client.machines import MachineCalls
from cloud.client.market import MarketCalls
from cloud.client.news import NewsCalls
from cloud.client.operations import OperationCalls
from cloud.client.people import PeopleCalls
from cloud.client.trail import TrailCalls
from cloud.events.stream import Event
from cloud.failure import ApiError, ApiUnreachable

__all__ = ["ApiError", "ApiUnreachable", "Client", "Event"]


class Client(
    HoldingCalls,
    MachineCalls,
    MarketCalls,
    BookingCalls,
    NewsCalls,
    OperationCalls,
    PeopleCalls,
    TrailCalls,
    CooperationCalls,
):
    """The calls of one key. Times in answers are UTC; every call raises ApiError or ApiUnreachable.

    Writes take an idempotency key; without one each call is a new intention.
    """
