"""The kinds of source that there are: for each its profile, its device, and the module that builds it."""

from collections.abc import Mapping
from dataclasses import dataclass

from edge.profilemodel import Profile
from edge.sources.device import Device
from edge.sources.modbus_device import Modbus
from edge.sources.modbus_signal import ModbusProfile
from edge.sources.mqtt_device import Mqtt
from edge.sources.mqtt_signal import MqttProfile
from edge.sources.mtconnect_device import Mtconnect
from edge.sources.mtconnect_signal import MtconnectProfile
from edge.sources.opcua_device import OpcUa
from edge.sources.opcua_signal import OpcUaProfile
from edge.sources.replay_endpoint import Replay
from edge.sources.replay_signal import ReplayProfile
from edge.sources.sparkplug_device import Sparkplug
from edge.sources.sparkplug_signal import SparkplugProfile


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind. `builder` has `build` (see edge.sources.building); only it may import heavy libraries."""

    profile: type[Profile]
    device: type[Device]
    builder: str


KINDS: Mapping[str, Kind] = {
    "modbus": Kind(ModbusProfile, Modbus, "edge.sources.modbus_build"),
    "mqtt": Kind(MqttProfile, Mqtt, "edge.sources.mqtt_build"),
    "mtconnect": Kind(MtconnectProfile, Mtconnect, "edge.sources.mtconnect_build"),
    "opcua": Kind(OpcUaProfile, OpcUa, "edge.sources.opcua_build"),
    "replay": Kind(ReplayProfile, Replay, "edge.sources.replay_build"),
    "sparkplug": Kind(SparkplugProfile, Sparkplug, "edge.sources.sparkplug_build"),
}
"""By the name that profiles write as `source` and devices as `type`. A new kind is one entry here."""
