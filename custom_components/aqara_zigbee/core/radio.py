"""The radio port: requests of the core, and events for the core."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, runtime_checkable

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
    """A device as known to the network.

    Attributes:
        nwk: its network address, 0..0xFFF7; changes when it joins again. 0xFFFE while it is
            unknown, because another device has announced itself with it.
        model, manufacturer: as reported, None before.
        is_complete: whether its interview succeeded.
        manufacturer_code, logical_type, mac_capabilities: from the node descriptor; wrong for
            some of our models.
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
        firmware: the version that it reports, such as ``Z-Stack 20230507``.
        channel: IEEE 802.15.4 channel, 11..26.
        extended_pan_id: eight octets, written like an `Ieee`.
        radio_type: the kind of coordinator, as ZHA calls it: ``znp``, ``ezsp``, ``deconz`` …
    """

    ieee: Ieee
    model: str
    manufacturer: str
    firmware: str
    channel: int
    pan_id: int
    extended_pan_id: str
    radio_type: str = "znp"


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An entry of a router's neighbor table (Zigbee specification, 2.4.4.3.2).

    Attributes:
        ieee, nwk: the neighbor's addresses.
        kind: 0 coordinator, 1 router, 2 end device, 3 unknown.
        relation: 0 parent, 1 child, 2 sibling, 3 none of these, 4 former child.
        depth: hops from the coordinator, as reported.
        link_quality: 0..255, at the router.
    """

    ieee: Ieee
    nwk: int
    kind: int
    relation: int
    depth: int
    link_quality: int


class Radio(Protocol):
    """A running Zigbee network: the functions of any network, also of another program's."""

    @property
    def coordinator(self) -> Coordinator:
        """The radio and its network."""
        ...

    async def request(self, ieee: Ieee, request: Request, *, sleepy: bool = False) -> Report | None:
        """Send a request and wait for the device's response.

        A sleepy device gets one attempt, because it receives nothing between its own frames.

        Returns:
            The attributes of a read response; None for a write or command that succeeded.

        Raises:
            DeliveryError: no response in time, an error status, or no radio.
        """
        ...

    async def permit(self, seconds: int, via: Ieee | None = None) -> None:
        """Permit joins through all routers or one; 0 ends it.

        Raises:
            DeliveryError: the radio failed or was lost.
        """
        ...

    async def energy_scan(self) -> Mapping[int, float]:
        """Return the energy on each channel, 11..26, in percent. Takes some seconds.

        Raises:
            DeliveryError: the radio failed or was lost.
        """
        ...

    async def neighbours(self, ieee: Ieee) -> Sequence[Neighbour]:
        """Return the neighbor table of a router or the coordinator.

        Raises:
            DeliveryError: it did not answer.
        """
        ...

    async def addresses(self) -> Mapping[Ieee, int]:
        """Return the network addresses of the devices in the coordinator's own tables.

        Raises:
            DeliveryError: the radio was lost or could not be read.
        """
        ...

    async def interview(self, ieee: Ieee) -> None:
        """Interview a device again.

        Raises:
            DeliveryError: it did not answer.
        """
        ...


@runtime_checkable
class Owner(Radio, Protocol):
    """A network on our own coordinator, with functions for its membership and channel."""

    async def remove(self, ieee: Ieee, *, force: bool = False) -> None:
        """Send a leave request and remove a device; with `force` also without an answer.

        Raises:
            DeliveryError: the device did not leave. It is not removed then.
        """
        ...

    async def change_channel(self, channel: int) -> None:
        """Move the network to another channel, 11..26, and wait for it.

        Devices follow when they notice it; some never do and have to be paired again.

        Raises:
            DeliveryError: the radio failed or was lost; the network keeps its channel.
        """
        ...


class Listener(Protocol):
    """Listener of the radio's events, implemented by `gateway.Gateway`."""

    def known(self, node: Node, now: datetime) -> object:
        """Called for a device that was on the network before the radio started."""
        ...

    def joined(self, node: Node, now: datetime) -> None:
        """Called when a device has joined or announced itself; its interview may follow."""
        ...

    def readdressed(self, node: Node) -> None:
        """Called when the network address of a device has changed, without a frame of its own."""
        ...

    def interviewed(self, node: Node, now: datetime) -> None:
        """Called when an interview succeeded, for the first time or again."""
        ...

    def rejoined(self, node: Node, now: datetime) -> None:
        """Called when a device has joined again with another network address, without interview."""
        ...

    def interview_failed(self, node: Node) -> None:
        """Called when an interview failed; the device's next frame starts it again."""
        ...

    def left(self, ieee: Ieee) -> None:
        """Called when a device has left the network; it may rejoin."""
        ...

    def removed(self, ieee: Ieee) -> None:
        """Called when a device was removed from the network."""
        ...

    def received(
        self, ieee: Ieee, report: Report | None, link_quality: int | None, now: datetime
    ) -> None:
        """Called when a device sent attributes in a report, or None for any other frame."""
        ...

    def sent(self, status: int | None, now: datetime) -> None:
        """Called when a frame was sent (None), or failed with the radio's status."""
        ...

    def lost(self, reason: str) -> None:
        """Called once when the radio is lost."""
        ...
