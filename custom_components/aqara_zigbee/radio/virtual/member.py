"""A radio in the home: an address, a network it belongs to, a parent, power, sleep.

What runs on it is a `Node`; the air and the network know it as a `Member`.
"""

from __future__ import annotations

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
"""The network address of one who has none (Zigbee §3.6.1.7)."""


class Member:
    """A radio.

    Args:
        ieee: IEEE address in zigpy's spelling (`00:15:8d:00:01:02:03:04`); a home assigns one if
            empty.
        name: What a person calls it; a home assigns one if empty.

    Attributes:
        nwk: Network address, `NOWHERE` outside a network.
        identity: The network it belongs to, or None.
        parent: The router it hangs on; None means the coordinator.
        channel: Where it listens, 11 to 26.
        counter: The last frame counter it heard from the coordinator.
        powered: Whether it has power. Without, it neither hears nor speaks.
        permits_until: Until when it lets others join through it, in seconds of the clock.
        lqi: Link quality the coordinator measures, 0 to 255, give or take a little.
        listens_for: Seconds a sleeping device listens after it spoke or heard something.
        listens_after_join: The same right after joining, when real ones stay up for the interview.
        awake_until: Until when it listens now.
        echoed_by: A LUMI router that repeats this device's messages under its own address, with
            this device's network address as the group (contract §0.6).
        descriptor: What it claims to be.
        endpoints: What it declares to have.
        bindings: Its bindings.
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
        """The air around it.

        Raises:
            RuntimeError: It is in no home.
        """
        if self._network is None:
            raise RuntimeError(f"{self!r} is in no home")
        return self._network

    def attach(self, network: Network) -> None:
        """Put it into a home."""
        self._network = network

    def detach(self) -> None:
        """Take it out again; whatever it was about to do it does not do."""
        self._network = None

    @property
    def clock(self) -> Clock:
        """The home's time."""
        return self.network.clock

    def later(self, delay: float, callback: Callable[..., None], *args: Any) -> Timer:
        """Do something in a while, if the power is on by then."""
        return self.clock.later(delay, self._if_powered, callback, *args)

    def _if_powered(self, callback: Callable[..., None], *args: Any) -> None:
        if self.powered and self._network is not None:
            callback(*args)

    @property
    def joined(self) -> bool:
        """Whether it believes to be in a network."""
        return self.identity is not None

    @property
    def ieee_bytes(self) -> bytes:
        """IEEE address as it goes on the air."""
        return wire(self.ieee)

    @property
    def is_router(self) -> bool:
        """Whether it forwards for others. That it claims to be one does not count."""
        return not self.SLEEPY

    # -- Coming and going ------------------------------------------------------------------------

    @action
    def join(self, parent: Member | None = None) -> bool:
        """Join through `parent` or the coordinator. False if nobody lets it in."""
        return self.network.admit(self, parent)

    @action
    def pair(self, parent: Member | None = None) -> bool:
        """What holding the button does: forget all, then look for an open network for a minute.

        Returns:
            Whether one was open at once.
        """
        self.factory_reset()
        return self.network.look_for(self, parent)

    @action
    def rejoin(self, parent: Member | None = None, new_address: bool = True) -> bool:
        """Come back, under a new parent or network address, as after a power cut."""
        return self.network.readmit(self, parent, new_address=new_address)

    @action
    def announce(self) -> None:
        """Broadcast Device_annce."""
        message = Message.zdo(zdo.Command.DEVICE_ANNCE, 0, zdo.announcement(self))
        self.network.uplink(self, message, broadcast=True)

    @action
    def leave(self) -> None:
        """Leave the network; the coordinator notices."""
        self.network.depart(self, rejoin=False)

    @action
    def factory_reset(self) -> None:
        """Forget network, bindings and settings."""
        if self.joined:
            self.leave()
        self.bindings.clear()
        self.on_factory_reset()

    # -- Power -----------------------------------------------------------------------------------

    @action
    def power_off(self) -> None:
        """Pull the plug, or take the battery out."""
        if self.powered:
            self.on_power_lost()
            self.powered = False

    @action
    def power_on(self) -> None:
        """Give it power again."""
        if not self.powered:
            self.powered = True
            self.on_power_up()

    @action
    def power_cycle(self) -> None:
        """A power cut."""
        self.power_off()
        self.power_on()

    # -- What a device may want to do at these moments -------------------------------------------

    def on_joined(self) -> None:
        """It has joined and announced itself."""

    def on_factory_reset(self) -> None:
        """Settings are to be forgotten."""

    def on_power_lost(self) -> None:
        """The power is about to go."""

    def on_power_up(self) -> None:
        """The power is back."""
        self.later(0.5, self.announce)

    def endpoints_in(self, group: int) -> list[int]:
        """Which of its endpoints are in a group."""
        raise NotImplementedError

    def receive(self, message: Message, *, broadcast: bool = False) -> None:
        """A message has arrived, meant for it alone or for many."""
        raise NotImplementedError

    # -- Sleep -----------------------------------------------------------------------------------

    @property
    def awake(self) -> bool:
        """Whether a message would reach it now."""
        return self.powered and (not self.SLEEPY or self.clock.now() < self.awake_until)

    @action
    def wake(self, seconds: float | None = None) -> None:
        """Listen for `seconds` (by default `listens_for`) and fetch what the parent holds."""
        window = self.listens_for if seconds is None else seconds
        self.awake_until = max(self.awake_until, self.clock.now() + window)
        self.network.fetch(self)

    # -- What ZDO asks about it ------------------------------------------------------------------

    def neighbors(self) -> list[Neighbor]:
        """Whom it hears. Those who sleep keep no table, router or not by their own account."""
        return self.network.neighbors_of(self) if self.is_router else []

    def routes(self) -> list[Route]:
        """Its routing table: the way to the coordinator."""
        return [Route(0x0000, 0x0000 if self.parent is None else self.parent.nwk)]

    def extended_pan(self) -> bytes:
        """Extended PAN id of its network."""
        return bytes(8) if self.identity is None else self.identity.extended_pan

    def scan(self, channels: int) -> bytes | None:
        """Energy per channel; those who sleep do not scan."""
        return self.network.spectrum.energies(channels) if self.is_router else None

    # -- State as data ---------------------------------------------------------------------------

    def snapshot(self) -> dict[str, Any]:
        """Everything that survives a restart, as JSON."""
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
        """Take over what `snapshot` gave. Being a member again is the network's part."""
        self.powered, self.lqi, self.counter = data["powered"], data["lqi"], data["counter"]
        self.bindings = [Binding.parse(bytes.fromhex(row)) for row in data["bindings"]]
