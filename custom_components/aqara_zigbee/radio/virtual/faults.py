"""What goes wrong, how often, and for how long.

A `Faults` is asked by the port, the firmware and the air at the places where real ones fail. All of
it is off at first and off again after `clear()`. Faults that happen once, at a moment, are methods
of `Home`: `drop_link`, `reset_radio`, `noise`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .member import Member


@dataclass(slots=True)
class _Rule[T]:
    """A value that applies to the next `left` occasions, or to all when `left` is None."""

    value: T
    left: int | None = None

    def take(self) -> T | None:
        if self.left is None:
            return self.value
        if self.left <= 0:
            return None
        self.left -= 1
        return self.value


class Missing:
    """Marks a reply that never comes."""


LOST = Missing()


@dataclass(slots=True)
class Faults:
    """The switches, each with the real trouble it stands for.

    Attributes:
        silent: The firmware hangs: it takes bytes and never answers (user-asks C.15).
        half_open: The link looks open and carries nothing either way (TCP without a peer).
        formation_fails: Every channel is too noisy to form a network on.
        nv_writes_fail: The flash is worn out: writes, creates and deletes fail with NV_OPER_FAILED.
        nv_writes_vanish: It says that it has written its tables (keys, devices) and has not.
        duplicates: How many extra copies of each application message the host gets.
        fragment: Give the host at most this many bytes at a time; 0 gives whole frames.
    """

    silent: bool = False
    half_open: bool = False
    formation_fails: bool = False
    nv_writes_fail: bool = False
    nv_writes_vanish: bool = False
    duplicates: int = 0
    fragment: int = 0
    _confirms: dict[str, _Rule[int]] = field(default_factory=dict)
    _refusals: list[_Rule[int]] = field(default_factory=list)
    _replies: dict[str, _Rule[float | Missing]] = field(default_factory=dict)
    _slow: dict[str, float] = field(default_factory=dict)
    _mute: set[str] = field(default_factory=set)

    # -- Breaking things -------------------------------------------------------------------------

    def confirm(self, status: int, *, node: Member | None = None, times: int | None = None) -> None:
        """Let unicasts fail on the air: AF.DataConfirm carries `status` and the message is lost.

        A ZDO request is a message too, and counts.

        Args:
            status: 225 MAC_CHANNEL_ACCESS_FAILURE, 17 BUFFER_FULL, 205 NWK_NO_ROUTE, 233
                MAC_NO_ACK, 240 MAC_TRANSACTION_EXPIRED, 183 APS_NO_ACK, or any other byte.
            node: Only messages to this one; None means to anyone.
            times: How many messages; None means until `clear()`.
        """
        self._confirms["" if node is None else node.ieee] = _Rule(status, times)

    def refuse(self, status: int, *, times: int | None = None) -> None:
        """Let the firmware turn messages away: the SRSP of AF.DataRequestExt carries `status`."""
        self._refusals[:] = [_Rule(status, times)]

    def lose_reply(self, command: str = "*", *, times: int | None = 1) -> None:
        """Swallow the SRSP of a command, such as `"SYS.Ping"`; `"*"` is any."""
        self._replies[command] = _Rule(LOST, times)

    def delay_reply(self, seconds: float, command: str = "*", *, times: int | None = 1) -> None:
        """Send the SRSP of a command late, by `seconds` of the clock."""
        self._replies[command] = _Rule(seconds, times)

    def slow(self, node: Member, seconds: float) -> None:
        """Let a device think for `seconds` before each answer; 0 heals it."""
        self._slow[node.ieee] = seconds

    def mute(self, node: Member, *, mute: bool = True) -> None:
        """Let a device hear and acknowledge, but neither act nor answer."""
        (self._mute.add if mute else self._mute.discard)(node.ieee)

    def clear(self) -> None:
        """Everything works again."""
        self.silent = self.half_open = self.formation_fails = False
        self.nv_writes_fail = self.nv_writes_vanish = False
        self.duplicates = self.fragment = 0
        for rules in (self._confirms, self._refusals, self._replies, self._slow, self._mute):
            rules.clear()

    # -- Asked by the port, the firmware and the air ---------------------------------------------

    def confirmation(self, ieee: str) -> int | None:
        """The status a message to `ieee` is to fail with, if it is to fail."""
        for key in (ieee, ""):
            if (rule := self._confirms.get(key)) is not None and (
                status := rule.take()
            ) is not None:
                return status
        return None

    def refusal(self) -> int | None:
        """The status the firmware is to turn the next message away with."""
        return next(
            (status for rule in self._refusals if (status := rule.take()) is not None), None
        )

    def reply(self, command: str) -> float | Missing:
        """Seconds by which to delay a reply, or `LOST`."""
        for key in (command, "*"):
            if (rule := self._replies.get(key)) is not None and (fate := rule.take()) is not None:
                return fate
        return 0.0

    def thinking(self, ieee: str) -> float:
        """Extra seconds a device takes to answer."""
        return self._slow.get(ieee, 0.0)

    def is_mute(self, ieee: str) -> bool:
        """Whether a device does not react."""
        return ieee in self._mute
