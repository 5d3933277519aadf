"""Queue of values to send to one device: one at a time, only the newest of each property."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping

from .errors import AqaraError, DeliveryError
from .property import TOGGLE, Wish


class _Command:
    """A value for one property.

    Attributes:
        name: the property.
        wish: the value to send, combined with those it replaced.
        outcome: None or the error; shared with the commands it replaced.
    """

    def __init__(self, name: str, wish: Wish, replaced: _Command | None) -> None:
        self.name = name
        self.wish = wish
        self.outcome: asyncio.Future[AqaraError | None] = (
            asyncio.get_running_loop().create_future() if replaced is None else replaced.outcome
        )
        if replaced is not None and wish is TOGGLE:
            self.wish = TOGGLE if replaced.wish is TOGGLE else not replaced.wish
            if replaced.wish is TOGGLE:
                self.outcome.set_result(None)  # the two cancel each other out


class CommandQueue:
    """Sends values to one device, one after the other.

    While one is sent, others wait; a newer value for the same property replaces the one that waits,
    which then needs no request. The sender of the older value gets the outcome of the newer one.
    """

    def __init__(self, send: Callable[[str, Wish], Awaitable[None]]) -> None:
        """Create an empty queue.

        Args:
            send: sends a value of a property; raises `AqaraError`.
        """
        self._send = send
        self._sending = asyncio.Lock()
        self._waiting: dict[str, _Command] = {}

    async def send(self, wishes: Mapping[str, Wish]) -> dict[str, AqaraError]:
        """Send values and wait until each, or the one that replaced it, was sent.

        Returns:
            The errors by property.
        """
        commands = [self._put(name, wish) for name, wish in wishes.items()]
        try:
            errors = await asyncio.gather(*map(self._take_turn, commands))
        finally:
            self._withdraw(commands)
        return {
            command.name: error
            for command, error in zip(commands, errors, strict=True)
            if error is not None
        }

    def _put(self, name: str, wish: Wish) -> _Command:
        command = _Command(name, wish, self._waiting.pop(name, None))
        if not command.outcome.done():
            self._waiting[name] = command
        return command

    async def _take_turn(self, command: _Command) -> AqaraError | None:
        """Send a command when those before it are done, unless a newer one has replaced it."""
        async with self._sending:
            if self._waiting.get(command.name) is command:
                del self._waiting[command.name]
                await self._run(command)
        return await asyncio.shield(command.outcome)

    async def _run(self, command: _Command) -> None:
        try:
            await self._send(command.name, command.wish)
        except AqaraError as error:
            command.outcome.set_result(error)
        except BaseException:
            command.outcome.set_result(_interrupted())
            raise
        else:
            command.outcome.set_result(None)

    def _withdraw(self, commands: Iterable[_Command]) -> None:
        """Remove commands that would not be sent any more, if `send` is cancelled."""
        for command in commands:
            if self._waiting.get(command.name) is command:
                del self._waiting[command.name]
                command.outcome.set_result(_interrupted())


def _interrupted() -> DeliveryError:
    return DeliveryError("the request was interrupted")
