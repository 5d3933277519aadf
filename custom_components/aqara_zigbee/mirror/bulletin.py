"""Retained documents, published when they have changed."""

from collections.abc import Callable, Mapping

from .line import Line
from .payload import Json, dump
from .ports import Cancel

_PAUSE = 1.0
"""Seconds between two editions; many devices come back at once after a power cut."""


class Bulletin:
    """Publishes documents on topics of the bridge, at most once a second.

    Args:
        documents: what makes each of them, by topic, in the order in which they are published.
    """

    def __init__(self, line: Line, documents: Mapping[str, Callable[[], Json]]) -> None:
        self._line = line
        self._documents = documents
        self._said: dict[str, str] = {}
        self._due: set[str] = set()
        self._timer: Cancel | None = None

    def say_all(self) -> None:
        """Publish all of them, whatever was said before."""
        self.stop()
        self._said.clear()
        self.tell(*self._documents)

    def tell(self, *names: str) -> None:
        """Publish those of them that have changed, now or soon."""
        if not self._line.gate.is_open:
            return
        self._due |= set(names)
        if self._timer is None:
            self._publish()

    def _publish(self) -> None:
        self._timer = self._line.clock.call_later(_PAUSE, self._on_time)
        due, self._due = self._due, set()
        for name in (name for name in self._documents if name in due):
            text = dump(self._documents[name]())
            if self._said.get(name) != text:
                self._said[name] = text
                self._line.gate.publish(self._line.topics.bridge(name), text, retain=True)

    def _on_time(self) -> None:
        self._timer = None
        if self._due:
            self._publish()

    def stop(self) -> None:
        """Leave nothing behind that would be published later."""
        self._due.clear()
        if self._timer is not None:
            self._timer()
            self._timer = None
