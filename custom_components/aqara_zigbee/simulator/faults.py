"""Simulated failures: which, how often, and for how long.

The port, the firmware and the air check a `Faults` where real ones fail. All faults are off at
first and after `clear()`. Faults that happen once are methods of `Home`: `drop_link`,
`reset_radio`, `noise`.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .member import Member


@dataclass(slots=True)
class _Rule[T]:
    """A value for the next `left` occasions, or for all when `left` is None."""

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
    """Marks a response that is never sent."""


LOST = Missing()


@dataclass(slots=True)
class Faults:
    """The faults that can be switched on, each after a real one.

    Attributes:
        silent: the firmware hangs: it reads bytes and never answers.
        half_open: the connection stays open and carries no data in either direction (TCP without a
            peer).
        formation_fails: a network cannot be formed because every channel is too noisy.
        nv_writes_fail: the flash is worn out: writes, creates and deletes fail with NV_OPER_FAILED.
        nv_writes_vanish: writes of its tables (keys, devices) succeed without effect.
        duplicates: how many extra copies of each application message the host gets.
        fragment: give the host at most this many bytes at a time; 0 gives whole frames.
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

    # -- Switching faults on ---------------------------------------------------------------------

    def confirm(self, status: int, *, node: Member | None = None, times: int | None = None) -> None:
        """Let unicasts fail on the air: AF.DataConfirm has `status` and the message is lost.

        A ZDO request counts as a message, too.

        Args:
            status: 225 MAC_CHANNEL_ACCESS_FAILURE, 17 BUFFER_FULL, 205 NWK_NO_ROUTE, 233
                MAC_NO_ACK, 240 MAC_TRANSACTION_EXPIRED, 183 APS_NO_ACK, or any other byte.
            node: only messages to this device; None means to all.
            times: how many messages; None means until `clear()`.
        """
        self._confirms["" if node is None else node.ieee] = _Rule(status, times)

    def refuse(self, status: int, *, times: int | None = None) -> None:
        """Let the firmware reject messages: the SRSP of AF.DataRequestExt has `status`."""
        self._refusals[:] = [_Rule(status, times)]

    def lose_reply(self, command: str = "*", *, times: int | None = 1) -> None:
        """Drop the SRSP of a command, such as `"SYS.Ping"`; `"*"` is any."""
        self._replies[command] = _Rule(LOST, times)

    def delay_reply(self, seconds: float, command: str = "*", *, times: int | None = 1) -> None:
        """Send the SRSP of a command late, by `seconds` of the clock."""
        self._replies[command] = _Rule(seconds, times)

    def slow(self, node: Member, seconds: float) -> None:
        """Let a device wait `seconds` before each answer; 0 ends this."""
        self._slow[node.ieee] = seconds

    def mute(self, node: Member, *, mute: bool = True) -> None:
        """Let a device acknowledge messages without acting or answering."""
        (self._mute.add if mute else self._mute.discard)(node.ieee)

    def clear(self) -> None:
        """Switch all faults off."""
        self.silent = self.half_open = self.formation_fails = False
        self.nv_writes_fail = self.nv_writes_vanish = False
        self.duplicates = self.fragment = 0
        for rules in (self._confirms, self._refusals, self._replies, self._slow, self._mute):
            rules.clear()

    # -- Checked by the port, the firmware and the air -------------------------------------------

    def confirmation(self, ieee: str) -> int | None:
        """Return the status with which a message to `ieee` is to fail, or None."""
        for key in (ieee, ""):
            if (rule := self._confirms.get(key)) is not None and (
                status := rule.take()
            ) is not None:
                return status
        return None

    def refusal(self) -> int | None:
        """Return the status with which the firmware is to reject the next message, or None."""
        return next(
            (status for rule in self._refusals if (status := rule.take()) is not None), None
        )

    def reply(self, command: str) -> float | Missing:
        """Return the seconds by which to delay a response, or `LOST`."""
        for key in (command, "*"):
            if (rule := self._replies.get(key)) is not None and (fate := rule.take()) is not None:
                return fate
        return 0.0

    def thinking(self, ieee: str) -> float:
        """Extra seconds that a device takes to answer."""
        return self._slow.get(ieee, 0.0)

    def is_mute(self, ieee: str) -> bool:
        """Whether a device does not answer."""
        return ieee in self._mute
