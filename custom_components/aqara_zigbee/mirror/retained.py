"""Retained documents, published when they change."""

from collections.abc import Callable, Mapping

from .context import MirrorContext
from .payload import Json, dump
from .ports import Cancel

_PAUSE = 1.0
"""Seconds between two publications; many devices come back at once after a power cut."""


class RetainedDocuments:
    """Publishes documents on topics of the bridge, at most once a second.

    Args:
        documents: the functions that build them, by topic, in the order in which they are
            published.
    """

    def __init__(self, line: MirrorContext, documents: Mapping[str, Callable[[], Json]]) -> None:
        self._line = line
        self._documents = documents
        self._said: dict[str, str] = {}
        self._due: set[str] = set()
        self._timer: Cancel | None = None

    def publish_all(self) -> None:
        """Publish all of them, even those that have not changed."""
        self.stop()
        self._said.clear()
        self.publish(*self._documents)

    def publish(self, *names: str) -> None:
        """Publish those that have changed, now or soon."""
        if not self._line.gate.is_open:
            return
        self._due |= set(names)
        if self._timer is None:
            self._publish()

    def publish_now(self, *names: str) -> None:
        """Publish those that have changed at once, with the pending ones."""
        if self._line.gate.is_open:
            self._due |= set(names)
            if self._timer is not None:
                self._timer()
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
        """Cancel pending publications."""
        self._due.clear()
        if self._timer is not None:
            self._timer()
            self._timer = None
