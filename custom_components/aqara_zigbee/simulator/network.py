"""The network: membership, joining and leaving."""

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
"""Seconds that a device searches for an open network."""
ANNOUNCEMENT = 0.2
"""Seconds from the association to Device_annce."""
FIRST_REPORTS = 0.4
"""Seconds from the association to a device's first reports."""
REJOIN_ASKED = 0x80
"""Option bit of Mgmt_Leave_req (Zigbee specification, 2.4.3.3.5)."""


class Network(Air):
    """All devices in range of the coordinator, joined or not.

    Attributes:
        spectrum: the noise.
    """

    def __init__(self, clock: Clock, rng: Random, faults: Faults) -> None:
        super().__init__(clock, rng, faults)
        self.spectrum = Spectrum(rng)
        self._searching: dict[str, tuple[Member | None, float]] = {}

    def add(self, member: Member) -> None:
        """Add a device; one from another home keeps its network.

        Raises:
            ValueError: another device has its IEEE address.
        """
        if member.ieee in self._by_ieee:
            raise ValueError(f"{member.ieee} is there already")
        self._by_ieee[member.ieee] = member
        if member.joined:
            self._by_nwk.setdefault(member.nwk, member)
        member.attach(self)

    def remove(self, member: Member) -> None:
        """Remove a device, without a message to the network."""
        self._unlist(member)
        self._searching.pop(member.ieee, None)
        del self._by_ieee[member.ieee]
        member.detach()

    # -- Joining ---------------------------------------------------------------------------------

    def admit(self, member: Member, parent: Member | None = None) -> bool:
        """Admit a device if `parent` or the coordinator is open and the trust centre agrees."""
        if not member.powered or self.hub.identity is None or not self.hub.trusts(member, parent):
            return False
        if not (self.hub.is_open if parent is None else self._is_open(parent)):
            return False
        self.enrol(member, parent)
        self._arrived(member)
        member.later(FIRST_REPORTS, member.on_joined)
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
        """Make a device a member without a join procedure, as one that joined before.

        Raises:
            RuntimeError: the coordinator has no network.
        """
        if (identity := self.hub.formed) is None:
            raise RuntimeError("there is no network to belong to")
        self._unlist(member)
        member.nwk = nwk or self.hub.known_address(member.ieee) or self._free_address()
        member.identity, member.parent, member.channel = identity, parent, self.hub.channel
        member.counter = -1
        self._searching.pop(member.ieee, None)
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

    def search(
        self,
        member: Member,
        parent: Member | None = None,
        *,
        patience: float = PAIRING_WINDOW,
    ) -> bool:
        """Join now, or as soon as a network opens within `patience` seconds."""
        if self.admit(member, parent):
            return True
        self._searching[member.ieee] = parent, self.clock.now() + patience
        return False

    def opened(self) -> None:
        """Called when joins are permitted: devices that search join."""
        for ieee, (parent, until) in list(self._searching.items()):
            if self.clock.now() < until:
                self.admit(self._by_ieee[ieee], parent)
            else:
                del self._searching[ieee]

    # -- Rejoining and leaving -------------------------------------------------------------------

    def readmit(self, member: Member, parent: Member | None, *, new_address: bool) -> bool:
        """Rejoin a member under another address or parent; it has the key already."""
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
        """Change a member's parent without a message."""
        self._drop_held(member)
        member.parent = parent

    def depart(self, member: Member, *, rejoin: bool) -> None:
        """A member leaves by itself or by a request."""
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
        """Make a device a member of the network in its snapshot."""
        member = self._by_ieee[data["ieee"]]
        if data["network"] is None:
            return
        identity = Identity(*(bytes.fromhex(each) for each in data["network"]))
        member.identity, member.nwk, member.channel = identity, data["nwk"], data["channel"]
        self._by_nwk[member.nwk] = member

    def restore_parent(self, data: dict[str, Any]) -> None:
        """Restore the parent of a member; the coordinator if the parent is missing."""
        if data["network"] is not None:
            self._by_ieee[data["ieee"]].parent = self._by_ieee.get(data["parent"])

    # -- Requests to the network -----------------------------------------------------------------

    def obey(self, member: Member, command: int, body: bytes) -> bytes | None:
        """ZDO requests that concern the network itself.

        Returns:
            The response; `b""` for a request without one; None for other requests.
        """
        match command:
            case zdo.ZdoCommand.NWK_ADDR | zdo.ZdoCommand.IEEE_ADDR:
                by_ieee = command == zdo.ZdoCommand.NWK_ADDR
                mine = member.ieee_bytes if by_ieee else member.nwk.to_bytes(2, "little")
                return None if body.startswith(mine) else b""
            case zdo.ZdoCommand.MGMT_LEAVE if len(body) >= 9:
                self._order_leave(member, body)
            case zdo.ZdoCommand.MGMT_PERMIT_JOINING if member.is_router and body:
                member.permits_until = self.clock.now() + body[0]
                if body[0]:
                    self.opened()
            case zdo.ZdoCommand.MGMT_NWK_UPDATE if body[4:5] == bytes([zdo.CHANGE_CHANNEL]):
                mask = int.from_bytes(body[:4], "little")
                member.channel = next(channels_in(mask), member.channel)
                return b""
            case _:
                return None
        return bytes([zdo.ZdoStatus.SUCCESS])

    def _order_leave(self, member: Member, body: bytes) -> None:
        """Carry out Mgmt_Leave_req for a member, or for its child if it is a router."""
        ieee, rejoin = body[:8], bool(body[8] & REJOIN_ASKED)
        if ieee in (bytes(8), member.ieee_bytes):
            self.clock.later(3 * HOP, lambda: self.depart(member, rejoin=rejoin))
        else:
            self.dismiss(body)

    def dismiss(self, body: bytes) -> None:
        """Remove the child named in Mgmt_Leave_req when it is next awake."""
        member = self._by_ieee.get(readable(body[:8]))
        if member is not None and self.belongs(member):
            self.unicast(member.nwk, Message.zdo(zdo.ZdoCommand.MGMT_LEAVE, 0, body))

    # -- Tables ----------------------------------------------------------------------------------

    def neighbors_of(self, station: Member | None) -> list[Neighbor]:
        """The neighbor table of a router, or of the coordinator if `station` is None."""
        return topology.neighbors_of(self, station)

    def detours(self) -> list[Route]:
        """The coordinator's routing table."""
        return topology.detours(self)
