"""Whether somebody else is a bridge on our topics.

Two bridges on one base topic would answer twice and overwrite each other's devices. So the mirror
listens before it speaks, goes on listening while it does, and is silent as long as another is there.
One that died without a word is still online for the broker; whether it lives it is asked.
"""

from collections.abc import Callable

from .payload import UnreadableError, dump, load


class Neighbour:
    """What is known of another bridge from ``bridge/info`` and ``bridge/state``.

    Args:
        is_ours: tells our own ``bridge/info`` from others'.
        identity: tells this mirror from any other.

    Attributes:
        question: a health check that any bridge that lives answers.
    """

    def __init__(self, is_ours: Callable[[str], bool], identity: str) -> None:
        self._is_ours = is_ours
        self._transaction = f"{identity} asks"
        self.question = dump({"transaction": self._transaction})
        self._info: bool | None = None
        self._online: bool | None = None

    @property
    def is_there(self) -> bool:
        """Whether the last who said to be online was not us.

        Who said so and never told more is a stranger, too; we always tell more.
        """
        return self._online is True and self._info is not True

    def forget(self) -> None:
        """Know nothing, as before a connection."""
        self._info = self._online = None

    def heard(self, name: str, payload: str) -> None:
        """Take in a message on ``bridge/info`` or ``bridge/state``."""
        if name == "state":
            self._online = _is_online(payload)
        elif name == "info" and payload:
            self._info = self._is_ours(payload)

    def is_about_us(self, payload: str) -> bool:
        """Whether it is our question, or an answer to it."""
        return f'"{self._transaction}"' in payload

    @property
    def has_spoken(self) -> bool:
        """Whether the last ``bridge/info`` was somebody else's."""
        return self._info is False

    @property
    def has_left(self) -> bool:
        """Whether the last ``bridge/state`` said that nobody is there any more."""
        return self._online is not True


def _is_online(payload: str) -> bool:
    """Both forms: plain text, and an object (contract 6.6)."""
    try:
        content = load(payload)
    except UnreadableError:
        content = payload
    return (content.get("state") if isinstance(content, dict) else content) == "online"
