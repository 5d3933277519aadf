"""Detection of another bridge on the same base topic.

Two bridges on one base topic would answer twice and overwrite each other's devices. So the mirror
waits for retained messages before it publishes, keeps listening, and does not publish while another
bridge is online. A bridge that ended without a last will stays online for the broker; a health
check shows whether it runs.
"""

from collections.abc import Callable

from .payload import UnreadableError, dump, load


class OtherBridge:
    """The state of another bridge, from ``bridge/info`` and ``bridge/state``.

    Args:
        is_ours: whether a ``bridge/info`` is our own.
        identity: the id of this mirror.

    Attributes:
        question: a health check that any running bridge answers.
    """

    def __init__(self, is_ours: Callable[[str], bool], identity: str) -> None:
        self._is_ours = is_ours
        self._identity = identity
        self._other: str | None = None
        self._transaction = f"{identity} asks"
        self.question = dump({"transaction": self._transaction})
        self._info: bool | None = None
        self._online: bool | None = None

    @property
    def is_there(self) -> bool:
        """Whether the last bridge that came online was another one.

        An online message without ``bridge/info`` is also another bridge's; this mirror sends both.
        """
        return self._online is True and self._info is not True

    def forget(self) -> None:
        """Reset to the state before a connection."""
        self._info = self._online = None
        self._other = None

    def on_message(self, name: str, payload: str) -> None:
        """Handle a message on ``bridge/info`` or ``bridge/state``."""
        if name == "state":
            self._online = _is_online(payload)
        elif name == "info" and payload:
            self._info = self._is_ours(payload)
            self._other = None if self._info else mirror_of(payload)

    def is_about_us(self, payload: str) -> bool:
        """Whether it is our health check or a response to it."""
        return f'"{self._transaction}"' in payload

    @property
    def has_foreign_info(self) -> bool:
        """Whether the last ``bridge/info`` was another bridge's."""
        return self._info is False

    @property
    def gives_way(self) -> bool:
        """Whether it is another mirror of this integration that has to stop.

        Of two that start at the same time it is the one with the greater id.
        """
        return self._other is not None and self._other > self._identity

    @property
    def has_left(self) -> bool:
        """Whether the last ``bridge/state`` was offline."""
        return self._online is not True


def _is_online(payload: str) -> bool:
    """Whether a state is online, as plain text or as an object (protocol 6.6)."""
    try:
        content = load(payload)
    except UnreadableError:
        content = payload
    return (content.get("state") if isinstance(content, dict) else content) == "online"


def mirror_of(info: str) -> str | None:
    """Return the id of the mirror that published a ``bridge/info``; None if it was not a mirror."""
    try:
        content = load(info)
    except UnreadableError:
        return None
    match content:
        case {"mirror": {"id": str(identity)}}:
            return identity
        case _:
            return None
