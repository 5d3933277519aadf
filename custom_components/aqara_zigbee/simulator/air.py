"""The radio channel: which messages arrive, and after how long.

Delays are in simulated seconds and of the right order; none is random, so the messages of one
device stay in order. All look-ups are by address, so several hundred devices cost no more than one.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import IntEnum
from random import Random

from . import zdo
from .clock import Clock, Timer
from .faults import Faults
from .hub import Hub
from .member import Member
from .message import Message

HOP = 0.008
"""One transmission and its acknowledgement, in seconds."""
THINKING = 0.004
"""Seconds that a device takes to answer."""
NO_ROUTE = 0.4
"""Seconds until a route discovery without an answer fails."""
NO_ACK = 0.2
"""Seconds until the MAC layer gives up on a neighbor that does not acknowledge."""
INDIRECT = 7.0
"""Seconds that a parent keeps a message for a sleeping child (Z-Stack NWK_INDIRECT_MSG_TIMEOUT)."""

type Confirm = Callable[[int], None]


class Delivery(IntEnum):
    """Status codes of AF.DataConfirm (`zigpy_znp.types.Status`)."""

    SUCCESS = 0x00
    BUFFER_FULL = 0x11
    APS_NO_ACK = 0xB7
    NWK_NO_ROUTE = 0xCD
    MAC_CHANNEL_ACCESS_FAILURE = 0xE1
    MAC_NO_ACK = 0xE9
    MAC_TRANSACTION_EXPIRED = 0xF0


@dataclass(frozen=True, slots=True)
class Sending:
    """A message of the coordinator on its way to one member.

    Attributes:
        message: the message.
        counter: its frame counter.
        acked: the host wants an acknowledgement of the application layer.
        confirm: called once with the status; None for ZDO messages, which are not confirmed.
    """

    message: Message
    counter: int
    acked: bool = False
    confirm: Confirm | None = None


@dataclass(slots=True)
class _Held:
    """A message that waits at a parent for a sleeping child."""

    sending: Sending
    expiry: Timer


class Air:
    """Carries messages between the coordinator and its members.

    Attributes:
        children: IEEE addresses of the end devices that the coordinator has as its children. It may
            be outdated: one that changed its parent silently stays here until UTIL.AssocRemove.
    """

    def __init__(self, clock: Clock, rng: Random, faults: Faults) -> None:
        self.clock = clock
        self.rng = rng
        self.faults = faults
        self.children: set[str] = set()
        self.indirect_timeout = INDIRECT
        self._by_nwk: dict[int, Member] = {}
        self._by_ieee: dict[str, Member] = {}
        self._held: dict[str, deque[_Held]] = {}
        self._hub: Hub | None = None

    @property
    def hub(self) -> Hub:
        """The coordinator."""
        assert self._hub is not None, "an air without a coordinator"
        return self._hub

    @hub.setter
    def hub(self, hub: Hub) -> None:
        self._hub = hub

    def by_nwk(self, nwk: int) -> Member | None:
        """The member of the running network with this address."""
        member = self._by_nwk.get(nwk)
        return member if member is not None and self.belongs(member) else None

    def members(self) -> Iterator[Member]:
        """All members of the running network."""
        return (member for member in list(self._by_nwk.values()) if self.belongs(member))

    def belongs(self, member: Member) -> bool:
        """Whether a device is in the home and a member of the running network."""
        return (
            member.identity is not None
            and member.identity == self.hub.identity
            and self._by_ieee.get(member.ieee) is member
        )

    def reaches(self, member: Member) -> bool:
        """Whether a device's receiver, if on, is in range and on the coordinator's channel."""
        if not (member.powered and self.belongs(member) and member.channel == self.hub.channel):
            return False
        return member.parent is None or self.reaches(member.parent)

    # -- From the coordinator --------------------------------------------------------------------

    def unicast(
        self, nwk: int, message: Message, *, acked: bool = False, confirm: Confirm | None = None
    ) -> None:
        """Send a message to one member.

        Without an acknowledgement of the application layer, success only means that the next hop
        accepted it.
        """
        sending = Sending(message, self.hub.count_frame(), acked, confirm)
        member = self.by_nwk(nwk)
        failure = self.faults.confirmation("" if member is None else member.ieee)
        if failure is not None:
            self._confirm(sending, HOP, failure)
        elif member is None:
            self._confirm(sending, NO_ROUTE, Delivery.NWK_NO_ROUTE)
        elif member.SLEEPY:
            self._to_sleeper(member, sending)
        elif self.reaches(member):
            self._deliver(member, sending)
        elif member.parent is None or not self.reaches(member.parent):
            self._confirm(sending, NO_ACK, Delivery.MAC_NO_ACK)
        elif acked:
            self._confirm(sending, NO_ACK, Delivery.APS_NO_ACK)
        else:
            self._confirm(sending, HOP, Delivery.SUCCESS)

    def _to_sleeper(self, member: Member, sending: Sending) -> None:
        parent, associated = member.parent, member.ieee in self.children
        if (
            associated and parent is not None
        ):  # changed its parent silently: it does not poll here again
            self._confirm(sending, self.indirect_timeout, Delivery.MAC_TRANSACTION_EXPIRED)
        elif not associated and parent is None:
            self._confirm(sending, NO_ROUTE, Delivery.NWK_NO_ROUTE)
        elif parent is not None and not self.reaches(parent):
            self._confirm(sending, NO_ACK, Delivery.MAC_NO_ACK)
        elif member.awake and self.reaches(member):
            self._deliver(member, sending)
        elif parent is None:
            self._hold(member, sending, Delivery.MAC_TRANSACTION_EXPIRED)
        elif sending.acked:
            self._hold(member, sending, Delivery.APS_NO_ACK)
        else:  # the router accepted it; the coordinator learns no more
            self._confirm(sending, HOP, Delivery.SUCCESS)
            self._hold(member, Sending(sending.message, sending.counter), Delivery.APS_NO_ACK)

    def _deliver(self, member: Member, sending: Sending) -> None:
        hops = HOP if member.parent is None else 2 * HOP
        self._confirm(sending, 2 * hops if sending.acked else HOP, Delivery.SUCCESS)
        self.clock.later(hops + THINKING, self._arrive, member, sending)

    def _arrive(self, member: Member, sending: Sending, *, broadcast: bool = False) -> None:
        # A counter that does not grow is a replay (Zigbee specification, 4.3.1.2): why a restore
        # adds to it.
        if member.powered and self.belongs(member) and sending.counter > member.counter:
            member.counter = sending.counter
            member.receive(sending.message, broadcast=broadcast)

    def _confirm(self, sending: Sending, delay: float, status: int) -> None:
        if sending.confirm is not None:
            self.clock.later(delay, sending.confirm, status)

    def broadcast(self, reach: int, message: Message) -> None:
        """Send a broadcast; `reach` is one of the broadcast addresses of `zdo`."""
        sending = Sending(message, self.hub.count_frame())
        self.clock.later(HOP + THINKING, self._spread, reach, sending)

    def _spread(self, reach: int, sending: Sending) -> None:
        for member in self.members():
            if not self.reaches(member):
                continue
            if member.awake and (member.is_router or reach != zdo.BROADCAST_ROUTERS):
                self._arrive(member, sending, broadcast=True)
            elif reach == zdo.BROADCAST_ALL:
                self._hold(member, sending, Delivery.SUCCESS)

    def groupcast(self, group: int, message: Message) -> None:
        """Send to the endpoints of a group; sleeping devices miss it."""
        self.hub.count_frame()
        self.clock.later(HOP + THINKING, self._spread_in_group, group, message)

    def _spread_in_group(self, group: int, message: Message) -> None:
        for member in self.members():
            if member.awake and self.reaches(member):
                for endpoint in member.endpoints_in(group):
                    member.receive(replace(message, destination=endpoint), broadcast=True)

    # -- Sleeping children -----------------------------------------------------------------------

    def _hold(self, member: Member, sending: Sending, otherwise: Delivery) -> None:
        queue = self._held.setdefault(member.ieee, deque())
        queue.append(
            _Held(sending, self.clock.later(self.indirect_timeout, self._expire, queue, otherwise))
        )

    @staticmethod
    def _expire(queue: deque[_Held], status: Delivery) -> None:
        confirm = queue.popleft().sending.confirm
        if confirm is not None:
            confirm(status)

    def fetch(self, member: Member) -> None:
        """Deliver the held messages to a sleeping device that polls its parent."""
        if self._held.get(member.ieee) and self.reaches(member):
            for sending in self._drop_held(member):
                self._deliver(member, sending)

    def _drop_held(self, member: Member) -> list[Sending]:
        held = list(self._held.pop(member.ieee, ()))
        for each in held:
            each.expiry.cancel()
        return [each.sending for each in held]

    # -- From the members ------------------------------------------------------------------------

    def uplink(self, member: Member, message: Message, *, broadcast: bool = False) -> None:
        """Send a member's message to the coordinator if it is powered and in the running network."""
        if not member.powered or not self.belongs(member):
            return
        member.channel = self.hub.channel  # a device that missed a change of channel searches first
        if not self.reaches(member):
            return
        if member.SLEEPY:
            if member.parent is None:
                self.children.add(member.ieee)  # a parent accepts a child again that it had dropped
            member.wake()
        hops = HOP if member.parent is None else 2 * HOP
        for copy in range(1 + (self.faults.duplicates if message.destination else 0)):
            self._receive(hops + copy * HOP, member, message, member.nwk, 0, broadcast=broadcast)
        echo = member.echoed_by
        if echo is not None and message.destination and self.reaches(echo):
            self._receive(hops + HOP, member, message, echo.nwk, member.nwk, broadcast=broadcast)

    def _receive(
        self,
        delay: float,
        member: Member,
        message: Message,
        source: int,
        group: int,
        *,
        broadcast: bool,
    ) -> None:
        def arrive() -> None:
            if self.belongs(member):
                self.hub.deliver(member, source, message, group=group, broadcast=broadcast)

        self.clock.later(delay, arrive)
