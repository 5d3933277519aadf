"""A device's radio: address, network, parent, power, sleep.

`Node` adds the application; the air and the network use the `Member`.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, override

from . import zdo
from .actions import action
from .addresses import wire
from .descriptors import Binding, Neighbor, NodeDescriptor, Role, Route, SimpleDescriptor
from .message import Message

if TYPE_CHECKING:
    from .clock import Clock, Timer
    from .hub import Identity
    from .network import Network

NOWHERE = 0xFFFE
"""The network address of a device without one (Zigbee specification, 3.6.1.7)."""


class Member:
    """A device's radio.

    Args:
        ieee: IEEE address in zigpy's spelling (`00:15:8d:00:01:02:03:04`); a home assigns one if
            empty.
        name: a name for people; a home assigns one if empty.

    Attributes:
        nwk: network address, `NOWHERE` outside a network.
        identity: the network it belongs to, or None.
        parent: its parent router; None means the coordinator.
        channel: its channel, 11 to 26.
        counter: the last frame counter it received from the coordinator.
        powered: whether it has power. Without, it neither receives nor sends.
        permits_until: until when it permits joins, in seconds of the clock.
        lqi: link quality the coordinator measures, 0 to 255, give or take a little.
        listens_for: seconds that a sleeping device receives after it sent or received something.
        listens_after_join: the same after joining, when real devices stay awake for the interview.
        awake_until: until when it is awake.
        echoed_by: a LUMI router that repeats this device's messages under its own address, with
            this device's network address as the group (protocol 0.6).
        descriptor: its node descriptor.
        endpoints: its simple descriptors.
        bindings: its bindings.
    """

    SLEEPY: ClassVar[bool] = False
    PREFIX: ClassVar[str] = "00:15:8d:00"

    def __init__(self, *, ieee: str = "", name: str = "") -> None:
        self.ieee = ieee
        self.name = name
        self.nwk = NOWHERE
        self.identity: Identity | None = None
        self.parent: Member | None = None
        self.channel = 0
        self.counter = -1
        self.powered = True
        self.permits_until = 0.0
        self.lqi = 180
        self.listens_for = 2.0
        self.listens_after_join = 15.0
        self.awake_until = 0.0
        self.echoed_by: Member | None = None
        self.descriptor = NodeDescriptor(Role.ROUTER, 0x8E, 0x0000)
        self.endpoints: dict[int, SimpleDescriptor] = {}
        self.bindings: list[Binding] = []
        self._network: Network | None = None

    @override
    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name} {self.ieee} 0x{self.nwk:04x}>"

    # -- In a home -------------------------------------------------------------------------------

    @property
    def network(self) -> Network:
        """The network it is added to.

        Raises:
            RuntimeError: it is not in a home.
        """
        if self._network is None:
            raise RuntimeError(f"{self!r} is in no home")
        return self._network

    def attach(self, network: Network) -> None:
        """Called when it is added to a home."""
        self._network = network

    def detach(self) -> None:
        """Called when it is removed from a home; its scheduled calls do not happen."""
        self._network = None

    @property
    def clock(self) -> Clock:
        """The home's time."""
        return self.network.clock

    def later(self, delay: float, callback: Callable[..., None], *args: Any) -> Timer:
        """Call `callback` after `delay` seconds, if it has power by then."""
        return self.clock.later(delay, self._if_powered, callback, *args)

    def _if_powered(self, callback: Callable[..., None], *args: Any) -> None:
        if self.powered and self._network is not None:
            callback(*args)

    @property
    def joined(self) -> bool:
        """Whether it is in a network by its own memory."""
        return self.identity is not None

    @property
    def ieee_bytes(self) -> bytes:
        """IEEE address in wire format."""
        return wire(self.ieee)

    @property
    def is_router(self) -> bool:
        """Whether it forwards messages, whatever its node descriptor claims."""
        return not self.SLEEPY

    # -- Joining and leaving ---------------------------------------------------------------------

    @action
    def join(self, parent: Member | None = None) -> bool:
        """Join through `parent` or the coordinator. Returns whether it was admitted."""
        return self.network.admit(self, parent)

    @action
    def pair(self, parent: Member | None = None) -> bool:
        """Reset it, then search for an open network for a minute, as after holding the button.

        Returns:
            Whether it joined at once.
        """
        self.factory_reset()
        return self.network.search(self, parent)

    @action
    def rejoin(self, parent: Member | None = None, new_address: bool = True) -> bool:
        """Rejoin with a new parent or network address, as after a power cut."""
        return self.network.readmit(self, parent, new_address=new_address)

    @action
    def announce(self) -> None:
        """Broadcast Device_annce."""
        message = Message.zdo(zdo.ZdoCommand.DEVICE_ANNCE, 0, zdo.announcement(self))
        self.network.uplink(self, message, broadcast=True)

    @action
    def leave(self) -> None:
        """Leave the network, with a leave message to the coordinator."""
        self.network.depart(self, rejoin=False)

    @action
    def factory_reset(self) -> None:
        """Delete network, bindings and settings."""
        if self.joined:
            self.leave()
        self.bindings.clear()
        self.on_factory_reset()

    # -- Power -----------------------------------------------------------------------------------

    @action
    def power_off(self) -> None:
        """Cut the power, or remove the battery."""
        if self.powered:
            self.on_power_lost()
            self.powered = False

    @action
    def power_on(self) -> None:
        """Restore the power."""
        if not self.powered:
            self.powered = True
            self.on_power_up()

    @action
    def power_cycle(self) -> None:
        """Cut and restore the power."""
        self.power_off()
        self.power_on()

    # -- Overridden by devices -------------------------------------------------------------------

    def on_joined(self) -> None:
        """Called after it joined and announced itself."""

    def on_factory_reset(self) -> None:
        """Called to reset settings."""

    def on_power_lost(self) -> None:
        """Called before the power is lost."""

    def on_power_up(self) -> None:
        """Called after the power returned."""
        self.later(0.5, self.announce)

    def endpoints_in(self, group: int) -> list[int]:
        """Return its endpoints in a group."""
        raise NotImplementedError

    def receive(self, message: Message, *, broadcast: bool = False) -> None:
        """Called with a message for this device or a broadcast."""
        raise NotImplementedError

    # -- Sleep -----------------------------------------------------------------------------------

    @property
    def awake(self) -> bool:
        """Whether it can receive a message now."""
        return self.powered and (not self.SLEEPY or self.clock.now() < self.awake_until)

    @action
    def wake(self, seconds: float | None = None) -> None:
        """Listen for `seconds` (by default `listens_for`) and fetch the parent's held messages."""
        window = self.listens_for if seconds is None else seconds
        self.awake_until = max(self.awake_until, self.clock.now() + window)
        self.network.fetch(self)

    # -- Station: what ZDO needs -----------------------------------------------------------------

    def neighbors(self) -> list[Neighbor]:
        """Its neighbors. Sleeping devices have no table, even those that claim to be routers."""
        return self.network.neighbors_of(self) if self.is_router else []

    def routes(self) -> list[Route]:
        """Its routing table: the route to the coordinator."""
        return [Route(0x0000, 0x0000 if self.parent is None else self.parent.nwk)]

    def extended_pan(self) -> bytes:
        """Extended PAN id of its network."""
        return bytes(8) if self.identity is None else self.identity.extended_pan

    def scan(self, channels: int) -> bytes | None:
        """Energy per channel; sleeping devices do not scan."""
        return self.network.spectrum.energies(channels) if self.is_router else None

    # -- State as data ---------------------------------------------------------------------------

    def snapshot(self) -> dict[str, Any]:
        """Return everything that survives a restart, as JSON."""
        return {
            "ieee": self.ieee,
            "name": self.name,
            "nwk": self.nwk,
            "network": None if self.identity is None else [each.hex() for each in self.identity],
            "parent": None if self.parent is None else self.parent.ieee,
            "channel": self.channel,
            "counter": self.counter,
            "powered": self.powered,
            "lqi": self.lqi,
            "bindings": [row.serialize().hex() for row in self.bindings],
        }

    def restore(self, data: dict[str, Any]) -> None:
        """Restore the data of `snapshot`. The network restores the membership."""
        self.powered, self.lqi, self.counter = data["powered"], data["lqi"], data["counter"]
        self.bindings = [Binding.parse(bytes.fromhex(row)) for row in data["bindings"]]
