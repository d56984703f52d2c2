"""What a plant says about a machine behind an OPC UA server: the server, and the machine's own node there."""

from collections.abc import Hashable
from typing import Literal

from pydantic import field_validator

from edge.secret import Vault, reference
from edge.sources.device import Device
from edge.sources.opcua_endpoint import OpcUaEndpoint


class OpcUa(OpcUaEndpoint, Device):
    """A machine behind an OPC UA server; `root` is its own node, from which the profile's addresses start.

    The password is a reference as every secret is; `server_certificate` a fingerprint or a path.
    """

    type: Literal["opcua"]
    root: str = "/Objects"

    @field_validator("password", mode="before")
    @classmethod
    def _referred(cls, value: object) -> object:
        return value if value is None else reference(str(value))

    def shared(self) -> Hashable:
        """Machines behind one server, asked for in the same way."""
        return self.model_copy(update={"root": "/Objects"})

    def endpoint(self, vault: Vault, place: str) -> OpcUaEndpoint:
        """The endpoint with its password looked up and its paths found. Raises FileInvalid."""
        data = self.model_dump(exclude={"type", "root", "password"})
        if self.password is not None:
            data["password"] = vault.text(self.password.get_secret_value(), f"{place}.password")
        pin = self.server_certificate
        if pin and not pin.startswith("sha256:"):
            data["server_certificate"] = str(vault.folder / pin)
        return OpcUaEndpoint.model_validate(data)
