"""The chip: serial line, reset line, boot, and the exchange of MT commands."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .clock import Clock
from .faults import LOST, Faults
from .mt import Deframer, MalformedCommandError, UnknownCommandError, c, decode, encode, t

BOOT = 0.05
"""From reset to SYS.ResetInd, in seconds."""
SREQ = 1
"""Command type of a synchronous request, which has an immediate response."""


@dataclass(frozen=True, slots=True)
class Firmware:
    """The contents of SYS.Version and SYS.Ping responses.

    Attributes:
        revision: build date as a number; zigpy calls it the build id. The default is a late build
            of Koenkk's Z-Stack 3.30.
        capabilities: subsystems: SYS, AF, ZDO, UTIL, GP and APP_CNF, as a real CC2652 answers.
    """

    revision: int = 20230507
    capabilities: int = 0x0659
    transport: int = 2
    product: int = 1
    major: int = 2
    minor: int = 7
    maintenance: int = 1


class Chip:
    """A chip with MT firmware.

    Args:
        clock: the home's clock.
        faults: the failures to simulate.
        firmware: the version it reports.

    Attributes:
        awake: whether it has booted.
    """

    def __init__(self, *, clock: Clock, faults: Faults, firmware: Firmware) -> None:
        self.clock = clock
        self.faults = faults
        self.firmware = firmware
        self._deframer = Deframer()
        self._write: Callable[[bytes], None] | None = None
        self._life = 0
        self._in_reset = False
        self.awake = True

    # -- The serial line -------------------------------------------------------------------------

    def opened(self, write: Callable[[bytes], None]) -> None:
        """A host has opened the port."""
        self._write = write
        self._deframer.clear()

    def closed(self) -> None:
        """The host has closed the port. The chip continues to run."""
        self._write = None

    def pins(self, *, dtr: bool, rts: bool) -> None:
        """The auto-reset circuit of most USB coordinators.

        RTS without DTR keeps the chip in reset; releasing it boots the chip.
        """
        held = rts and not dtr
        if self._in_reset and not held:
            self.reset()
        self._in_reset = held

    def received(self, data: bytes) -> None:
        """Bytes from the host. A chip that hangs or is booting loses them."""
        if self.faults.silent or self._in_reset or not self.awake:
            return
        for header, payload in self._deframer.feed(data):
            self._handle(header, payload)

    def send(self, command: Any) -> None:
        """Send a command to the host."""
        self.put(encode(command))

    def put(self, data: bytes) -> None:
        """Send bytes to the host, if the port is open and the chip runs."""
        if self._write is not None and self.awake and not self.faults.silent:
            self._write(data)

    # -- Commands --------------------------------------------------------------------------------

    def _handle(self, header: int, payload: bytes) -> None:
        try:
            name, reply = self.execute(header, decode(header, payload))
        except UnknownCommandError:
            self._reject(header, "InvalidCommandId")
        except MalformedCommandError:
            self._reject(header, "InvalidLength")
        else:
            if reply is not None:
                self._reply(name, reply)

    def execute(self, header: int, request: Any) -> tuple[str, Any]:
        """Carry out a command.

        Returns:
            Its name, and the synchronous response or None.

        Raises:
            UnknownCommandError: this firmware does not have it.
        """
        raise NotImplementedError

    def _reject(self, header: int, reason: str) -> None:
        if (header >> 5) & 0x07 == SREQ:
            code, unknown = c.rpc_error.ErrorCode[reason], t.CommandHeader(header)
            self.send(c.RPCError.CommandNotRecognized.Rsp(ErrorCode=code, RequestHeader=unknown))

    def _reply(self, name: str, reply: Any) -> None:
        fate = self.faults.reply(name)
        if fate is LOST:
            return
        if isinstance(fate, float | int) and fate > 0:
            self.soon(fate, self.send, reply)
        else:
            self.send(reply)

    # -- Life ------------------------------------------------------------------------------------

    def reset(self) -> None:
        """Reset; the host gets SYS.ResetInd once the chip has booted."""
        self.power_up()
        self.awake = False
        self.soon(BOOT, self._booted)

    def power_up(self) -> None:
        """Clear the RAM; the state is that of a chip which has finished booting."""
        self._life += 1
        self._deframer.clear()
        self.awake = True

    def _booted(self) -> None:
        self.awake = True
        self.send(
            c.SYS.ResetInd.Callback(
                Reason=t.ResetReason.PowerUp,  # always 0 on this family (TI mt_sys.c)
                TransportRev=self.firmware.transport,
                ProductId=self.firmware.product,
                MajorRel=self.firmware.major,
                MinorRel=self.firmware.minor,
                MaintRel=self.firmware.maintenance,
            )
        )

    def soon(self, delay: float, callback: Callable[..., None], *args: Any) -> None:
        """Call `callback` after `delay` seconds, unless the chip is reset before."""
        self.clock.later(delay, self._if_alive, self._life, callback, *args)

    def _if_alive(self, life: int, callback: Callable[..., None], *args: Any) -> None:
        if life == self._life:
            callback(*args)
