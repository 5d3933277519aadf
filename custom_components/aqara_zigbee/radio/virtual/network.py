"""The network: who is a member, and how one becomes it and ceases to be."""

from __future__ import annotations

from random import Random
from typing import Any

from . import topology, zdo
from .addresses import readable
from .air import HOP, Air
from .clock import Clock
from .descriptors import Neighbor, Route
from .faults import Faults
from .hub import Identity
from .member import NOWHERE, Member
from .message import Message
from .spectrum import Spectrum, channels_in

PAIRING_WINDOW = 60.0
"""How long a device looks for an open network, in seconds."""
ANNOUNCEMENT = 0.2
"""From the association to Device_annce."""
FIRST_WORDS = 0.4
"""From the association to what a device says of its own accord."""
REJOIN_ASKED = 0x80
"""Option bit of Mgmt_Leave_req (Zigbee §2.4.3.3.5)."""


class Network(Air):
    """Everybody in reach of the coordinator, joined or not.

    Attributes:
        spectrum: The noise.
    """

    def __init__(self, clock: Clock, rng: Random, faults: Faults) -> None:
        super().__init__(clock, rng, faults)
        self.spectrum = Spectrum(rng)
        self._looking: dict[str, tuple[Member | None, float]] = {}

    def add(self, member: Member) -> None:
        """Bring a device into reach; one that comes from another home keeps what it belonged to.

        Raises:
            ValueError: Another one has its IEEE address.
        """
        if member.ieee in self._by_ieee:
            raise ValueError(f"{member.ieee} is there already")
        self._by_ieee[member.ieee] = member
        if member.joined:
            self._by_nwk.setdefault(member.nwk, member)
        member.attach(self)

    def remove(self, member: Member) -> None:
        """Carry a device away, without a word to anyone."""
        self._unlist(member)
        self._looking.pop(member.ieee, None)
        del self._by_ieee[member.ieee]
        member.detach()

    # -- Joining ---------------------------------------------------------------------------------

    def admit(self, member: Member, parent: Member | None = None) -> bool:
        """Let a device join, if the coordinator or `parent` is open and the trust centre agrees."""
        if not member.powered or self.hub.identity is None or not self.hub.trusts(member, parent):
            return False
        if not (self.hub.is_open if parent is None else self._is_open(parent)):
            return False
        self.enrol(member, parent)
        self._arrived(member)
        member.later(FIRST_WORDS, member.on_joined)
        return True

    def _is_open(self, router: Member) -> bool:
        return self.reaches(router) and router.permits_until > self.clock.now()

    def _arrived(self, member: Member) -> None:
        member.wake(member.listens_after_join)
        member.later(2 * HOP, self.hub.joined, member)
        member.later(ANNOUNCEMENT, member.announce)

    def enrol(
        self, member: Member, parent: Member | None = None, *, nwk: int | None = None
    ) -> None:
        """Make a device a member, without ceremony: the state after a join of long ago.

        Raises:
            RuntimeError: The coordinator has no network.
        """
        if (identity := self.hub.formed) is None:
            raise RuntimeError("there is no network to belong to")
        self._unlist(member)
        member.nwk = nwk or self.hub.known_address(member.ieee) or self._free_address()
        member.identity, member.parent, member.channel = identity, parent, self.hub.channel
        member.counter = -1
        self._looking.pop(member.ieee, None)
        self._list(member)

    def _list(self, member: Member) -> None:
        self._by_nwk[member.nwk] = member
        direct = member.SLEEPY and member.parent is None
        (self.children.add if direct else self.children.discard)(member.ieee)
        self.hub.remember(member)

    def _unlist(self, member: Member) -> None:
        self._drop_held(member)
        if self._by_nwk.get(member.nwk) is member:
            del self._by_nwk[member.nwk]

    def _free_address(self) -> int:
        while (nwk := self.rng.randrange(0x0001, 0xFFF7)) in self._by_nwk:
            pass
        return nwk

    def look_for(
        self,
        member: Member,
        parent: Member | None = None,
        *,
        patience: float = PAIRING_WINDOW,
    ) -> bool:
        """Join now, or as soon as a network opens within `patience` seconds."""
        if self.admit(member, parent):
            return True
        self._looking[member.ieee] = parent, self.clock.now() + patience
        return False

    def opened(self) -> None:
        """The network has opened: those who look for one find it."""
        for ieee, (parent, until) in list(self._looking.items()):
            if self.clock.now() < until:
                self.admit(self._by_ieee[ieee], parent)
            else:
                del self._looking[ieee]

    # -- Moving and leaving ----------------------------------------------------------------------

    def readmit(self, member: Member, parent: Member | None, *, new_address: bool) -> bool:
        """A member comes back under another address or parent. It has the key: nobody is asked."""
        if not member.powered or not self.belongs(member):
            return False
        self._unlist(member)
        member.parent, member.channel = parent, self.hub.channel
        if new_address:
            member.nwk = self._free_address()
        self._list(member)
        self._arrived(member)
        return True

    def move(self, member: Member, parent: Member | None) -> None:
        """Give a member another parent without telling anyone."""
        self._drop_held(member)
        member.parent = parent

    def depart(self, member: Member, *, rejoin: bool) -> None:
        """A member leaves, or is made to."""
        if self.belongs(member) and member.powered:
            self.clock.later(HOP, lambda: self.hub.left(ieee, nwk, rejoin=rejoin))
        ieee, nwk = member.ieee, member.nwk
        if rejoin:
            member.later(1.0, self._come_back, member)
            return
        self._unlist(member)
        self.children.discard(ieee)
        member.identity = member.parent = None
        member.nwk = NOWHERE

    def _come_back(self, member: Member) -> None:
        self.readmit(member, member.parent, new_address=False)

    def restore_membership(self, data: dict[str, Any]) -> None:
        """Make a device a member of what its snapshot says it was a member of."""
        member = self._by_ieee[data["ieee"]]
        if data["network"] is None:
            return
        member.identity = Identity(*(bytes.fromhex(each) for each in data["network"]))
        member.nwk, member.channel = data["nwk"], data["channel"]
        member.parent = None if data["parent"] is None else self._by_ieee[data["parent"]]
        self._by_nwk[member.nwk] = member

    # -- Orders of the coordinator ---------------------------------------------------------------

    def obey(self, member: Member, command: int, body: bytes) -> bytes | None:
        """ZDO requests that concern the network itself.

        Returns:
            The response; nothing (`b""`) for what is carried out in silence; None if it is not one
            of them.
        """
        match command:
            case zdo.Command.NWK_ADDR | zdo.Command.IEEE_ADDR:
                by_ieee = command == zdo.Command.NWK_ADDR
                mine = member.ieee_bytes if by_ieee else member.nwk.to_bytes(2, "little")
                return None if body.startswith(mine) else b""
            case zdo.Command.MGMT_LEAVE if len(body) >= 9:
                self._order_leave(member, body)
            case zdo.Command.MGMT_PERMIT_JOINING if member.is_router and body:
                member.permits_until = self.clock.now() + body[0]
                if body[0]:
                    self.opened()
            case zdo.Command.MGMT_NWK_UPDATE if body[4:5] == bytes([zdo.CHANGE_CHANNEL]):
                mask = int.from_bytes(body[:4], "little")
                member.channel = next(channels_in(mask), member.channel)
                return b""
            case _:
                return None
        return bytes([zdo.Status.SUCCESS])

    def _order_leave(self, member: Member, body: bytes) -> None:
        """Mgmt_Leave_req tells a member to go, or a router to send its child away."""
        ieee, rejoin = body[:8], bool(body[8] & REJOIN_ASKED)
        if ieee in (bytes(8), member.ieee_bytes):
            self.clock.later(3 * HOP, lambda: self.depart(member, rejoin=rejoin))
        else:
            self.dismiss(body)

    def dismiss(self, body: bytes) -> None:
        """A parent sends the child named in Mgmt_Leave_req away: it goes when it next listens."""
        member = self._by_ieee.get(readable(body[:8]))
        if member is not None and self.belongs(member):
            self.unicast(member.nwk, Message.zdo(zdo.Command.MGMT_LEAVE, 0, body))

    # -- Tables ----------------------------------------------------------------------------------

    def neighbors_of(self, station: Member | None) -> list[Neighbor]:
        """Neighbor table of a router, or of the coordinator if `station` is None."""
        return topology.neighbors_of(self, station)

    def detours(self) -> list[Route]:
        """The coordinator's routing table."""
        return topology.detours(self)
