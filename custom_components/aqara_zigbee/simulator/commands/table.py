"""The table of MT commands that the coordinator answers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..mt import UnknownCommandError, t

if TYPE_CHECKING:
    from ..coordinator import Coordinator

type Answer = Callable[[Coordinator, Any], Any]


@dataclass(frozen=True, slots=True)
class Handler:
    """The handler of one command."""

    name: str
    respond: Answer
    response: Any
    since: int

    def run(self, radio: Coordinator, request: Any) -> Any:
        """Return the response, or None."""
        answer = self.respond(radio, request)
        return self.response(Status=t.Status(answer)) if isinstance(answer, int) else answer


HANDLERS: dict[int, Handler] = {}


def answers(*commands: Any, since: int = 0) -> Callable[[Answer], Answer]:
    """Add a function to the table."""

    def enter(respond: Answer) -> Answer:
        for command in commands:
            header = int(command.Req.header)
            name = command.Req.__qualname__.removesuffix(".Req")
            HANDLERS[header] = Handler(name, respond, command.Req.Rsp, since)
        return respond

    return enter


def find(header: int, revision: int) -> Handler:
    """Return the handler of a command.

    Raises:
        UnknownCommandError: firmware of this revision does not have it.
    """
    handler = HANDLERS.get(header)
    if handler is None or revision < handler.since:
        raise UnknownCommandError(f"0x{header:04x}")
    return handler
