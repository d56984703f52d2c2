"""The monitored items of one subscription: asked for as each signal wants it, and known by their handles."""

from collections.abc import Iterable, Mapping, Sequence

import structlog
from asyncua import ua

from edge.sources.opcua_nodes import CHUNK, chunks
from edge.sources.opcua_session import OpcUaSession
from edge.sources.opcua_signals import Signal

_NO_FILTER = {
    ua.StatusCodes.BadFilterNotAllowed,
    ua.StatusCodes.BadMonitoredItemFilterUnsupported,
    ua.StatusCodes.BadMonitoredItemFilterInvalid,
    ua.StatusCodes.BadDeadbandFilterInvalid,
}
"""What a server says that cannot do a deadband for this node: it then sends every change."""

log = structlog.get_logger()


class Items:
    """What one subscription watches. By our handle: the server's `ids`, and its `pace` (seconds)."""

    def __init__(self, session: OpcUaSession) -> None:
        self.session = session
        self.subscription = 0
        self.ids: dict[int, int] = {}
        self.nodes: dict[int, ua.NodeId] = {}
        self.pace: dict[int, float] = {}

    async def add(self, wanted: Mapping[int, tuple[Signal, ua.NodeId]]) -> dict[Signal, str]:
        """Watch these, by handle. The signals that the server refuses, and why."""
        refused: dict[int, str] = {}
        for part in chunks(list(wanted), CHUNK):
            refused |= await self._add({handle: wanted[handle] for handle in part}, filtered=True)
        again = {handle: wanted[handle] for handle, why in refused.items() if why in _names(_NO_FILTER)}
        for part in chunks(list(again), CHUNK):
            plain = {handle: again[handle] for handle in part}
            refused = {handle: why for handle, why in refused.items() if handle not in plain}
            refused |= await self._add(plain, filtered=False)
        return {wanted[handle][0]: why for handle, why in refused.items()}

    async def _add(self, wanted: Mapping[int, tuple[Signal, ua.NodeId]], *, filtered: bool) -> dict[int, str]:
        requests = [self._request(handle, *each, filtered=filtered) for handle, each in wanted.items()]
        parameters = ua.CreateMonitoredItemsParameters(
            SubscriptionId=self.subscription, TimestampsToReturn=ua.TimestampsToReturn.Both, ItemsToCreate=requests
        )
        results = await self.session.services.create_monitored_items(parameters)
        refused = {}
        for (handle, (_, node)), result in zip(wanted.items(), results, strict=True):
            if result.StatusCode.is_good():
                self.ids[handle], self.nodes[handle] = result.MonitoredItemId, node
                self.pace[handle] = max(0.0, float(result.RevisedSamplingInterval)) / 1000
            else:
                refused[handle] = str(result.StatusCode.name)
        self._tell_shorter(requests, results)
        return refused

    async def remove(self, handles: Iterable[int]) -> None:
        """Watch these no more."""
        ids = [self.ids.pop(handle) for handle in handles if handle in self.ids]
        for part in chunks(ids):
            await self.session.services.delete_monitored_items(
                ua.DeleteMonitoredItemsParameters(SubscriptionId=self.subscription, MonitoredItemIds=list(part))
            )

    def _request(
        self, handle: int, signal: Signal, node: ua.NodeId, *, filtered: bool
    ) -> ua.MonitoredItemCreateRequest:
        endpoint, ask = self.session.endpoint, signal.ask
        parameters = ua.MonitoringParameters(
            ClientHandle=handle,
            SamplingInterval=endpoint.sampling_ms if ask.sampling_ms is None else ask.sampling_ms,
            QueueSize=endpoint.queue_size if ask.queue is None else ask.queue,
            DiscardOldest=True,
        )
        if filtered and ask.deadband is not None and not signal.steps:
            parameters.Filter = ua.DataChangeFilter(
                Trigger=ua.DataChangeTrigger.StatusValue,
                DeadbandType=int(ua.DeadbandType.Absolute),
                DeadbandValue=ask.deadband,
            )
        return ua.MonitoredItemCreateRequest(
            ItemToMonitor=ua.ReadValueId(NodeId=node, AttributeId=ua.AttributeIds.Value),
            MonitoringMode=ua.MonitoringMode.Reporting,
            RequestedParameters=parameters,
        )

    def _tell_shorter(
        self,
        requests: Sequence[ua.MonitoredItemCreateRequest],
        results: Sequence[ua.MonitoredItemCreateResult],
    ) -> None:
        """A queue that the server made shorter bridges less than the plant thinks."""
        asked = [request.RequestedParameters.QueueSize for request in requests]
        given = [result.RevisedQueueSize for result in results]
        less = [(want, got) for want, got in zip(asked, given, strict=True) if 0 < got < want]
        if less:
            log.info(
                "opcua.shorter_queues", endpoint=self.session.endpoint.url, items=len(less), shortest=min(less)[1],
                advice="a cut of the network is bridged for less long; sample less often, or raise the server's limit",
            )  # fmt: skip


def _names(codes: Iterable[int]) -> set[str]:
    return {str(ua.StatusCode(code).name) for code in codes}
