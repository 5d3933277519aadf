"""The port that a radio fills: what the core asks of it, and what it tells the core."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from .zcl import Report, Request

type Ieee = str
"""A device's EUI-64, lower case with colons: ``00:15:8d:00:01:a1:b2:c4``."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A simple descriptor (Zigbee specification, 2.3.2.5)."""

    profile: int | None = None
    device_type: int | None = None
    inputs: tuple[int, ...] = ()
    outputs: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Node:
    """What the network knows about a device.

    Attributes:
        nwk: its network address, 0..0xFFF7; changes when it joins anew.
        model, manufacturer: as it answered, None before it did.
        is_complete: whether its interview has ended well.
        manufacturer_code, logical_type, mac_capabilities: from the node descriptor; with some of
            our models they are wrong.
    """

    ieee: Ieee
    nwk: int
    model: str | None = None
    manufacturer: str | None = None
    is_complete: bool = False
    manufacturer_code: int | None = None
    logical_type: int | None = None
    mac_capabilities: int | None = None
    endpoints: Mapping[int, Endpoint] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Coordinator:
    """The radio itself and its network. Keys stay inside `radio`.

    Attributes:
        firmware: what the stick says of itself, such as ``Z-Stack 20230507``.
        channel: IEEE 802.15.4 channel, 11..26.
        extended_pan_id: eight octets, written like an `Ieee`.
    """

    ieee: Ieee
    model: str
    manufacturer: str
    firmware: str
    channel: int
    pan_id: int
    extended_pan_id: str


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Whom a router hears: an entry of its neighbour table (Zigbee specification, 2.4.4.3.2).

    Attributes:
        ieee, nwk: who it is.
        kind: 0 coordinator, 1 router, 2 end device, 3 unknown.
        relation: 0 parent, 1 child, 2 sibling, 3 none of these, 4 former child.
        depth: hops from the coordinator, as it believes.
        link_quality: 0..255, as the router hears it.
    """

    ieee: Ieee
    nwk: int
    kind: int
    relation: int
    depth: int
    link_quality: int


class Radio(Protocol):
    """A Zigbee network that is up."""

    @property
    def coordinator(self) -> Coordinator:
        """The radio and its network."""
        ...

    async def request(self, ieee: Ieee, request: Request, *, sleepy: bool = False) -> Report | None:
        """Send a request and wait for the device's answer.

        A sleepy device gets one attempt, because it hears nothing between its own frames.

        Returns:
            The attributes a read was answered with; None for a write or command that succeeded.

        Raises:
            DeliveryError: no answer in time, a refusal, or no radio.
        """
        ...

    async def permit(self, seconds: int, via: Ieee | None = None) -> None:
        """Let devices join, through all routers or one; 0 closes the network.

        Raises:
            DeliveryError: the radio refused or is gone.
        """
        ...

    async def remove(self, ieee: Ieee, *, force: bool = False) -> None:
        """Ask a device to leave and forget it; with `force` forget it whatever it says.

        Raises:
            DeliveryError: the device did not take its leave. It is not forgotten then.
        """
        ...

    async def energy_scan(self) -> Mapping[int, float]:
        """How busy each channel is, 11..26, in percent. Takes some seconds.

        Raises:
            DeliveryError: the radio refused or is gone.
        """
        ...

    async def change_channel(self, channel: int) -> None:
        """Move the network to another channel, 11..26, and wait until it is there.

        Devices follow when they notice; some never do and have to be paired anew.

        Raises:
            DeliveryError: the radio refused or is gone; the network stays where it was.
        """
        ...

    async def neighbours(self, ieee: Ieee) -> Sequence[Neighbour]:
        """Whom a router or the coordinator hears.

        Raises:
            DeliveryError: it did not say.
        """
        ...

    async def addresses(self) -> Mapping[Ieee, int]:
        """The network addresses of the devices that the coordinator itself remembers.

        Raises:
            DeliveryError: the radio is gone, or could not be read.
        """
        ...

    async def interview(self, ieee: Ieee) -> None:
        """Ask a device anew what it is.

        Raises:
            DeliveryError: it did not answer.
        """
        ...


class Listener(Protocol):
    """What a radio tells. `gateway.Gateway` is the one that listens."""

    def known(self, node: Node, now: datetime) -> object:
        """A device that was on the network before the radio started."""
        ...

    def joined(self, node: Node, now: datetime) -> None:
        """A device has joined or announced itself; its interview may still be ahead."""
        ...

    def interviewed(self, node: Node, now: datetime) -> None:
        """All there is to know about a device is known, for the first time or anew."""
        ...

    def interview_failed(self, node: Node) -> None:
        """A device fell silent during its interview; its next frame starts it again."""
        ...

    def left(self, ieee: Ieee) -> None:
        """A device has left the network; it may come back by itself."""
        ...

    def removed(self, ieee: Ieee) -> None:
        """A device was taken out of the network and is forgotten."""
        ...

    def received(
        self, ieee: Ieee, report: Report | None, link_quality: int | None, now: datetime
    ) -> None:
        """A device sent something: attributes in a report, or None for any other sign of life."""
        ...

    def sent(self, status: int | None, now: datetime) -> None:
        """A frame went out (None), or did not for the radio's reason."""
        ...

    def lost(self, reason: str) -> None:
        """The radio is gone. Told once."""
        ...
