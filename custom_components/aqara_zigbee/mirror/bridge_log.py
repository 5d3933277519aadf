"""Log entries on ``bridge/logging``."""

from datetime import datetime

from .payload import dump
from .ports import Broker, Clock
from .settings import LEVELS, Level
from .topics import Topics

_NAMESPACE, MQTT = "z2m", "z2m:mqtt"
"""Sources of log entries; since Zigbee2MQTT 2 each message begins with one."""

PAUSE_SECONDS = 1.0
"""Minimum time between two equal entries about an overload."""

MOST_HELD = 100
"""Maximum number of entries kept until they can be published."""


class BridgeLog:
    """Publishes entries of the set level and above; repetitions of the last entry are omitted."""

    def __init__(self, topics: Topics, broker: Broker, level: Level, clock: Clock) -> None:
        self._clock = clock
        self._overloads: dict[str, datetime] = {}
        self._topic = topics.bridge("logging")
        self._broker = broker
        self._loudest = LEVELS.index(level)
        self._last: tuple[Level, str] | None = None
        self._held: list[str] | None = None

    def hold(self) -> None:
        """Keep entries from now on until `release`."""
        if self._held is None:
            self._held = []

    def release(self) -> None:
        """Publish the kept entries, and later ones at once."""
        held, self._held = self._held, None
        for entry in held or ():
            self._broker.publish(self._topic, entry)

    def forget(self) -> None:
        """Drop the kept entries and the memory of the last one."""
        self._held = self._last = None

    def error(self, message: str) -> None:
        """Log a failed request or command."""
        self._log("error", message)

    def warning(self, message: str) -> None:
        """Log a suspicious state."""
        self._log("warning", message)

    def overload(self, level: Level, message: str) -> None:
        """Log a condition that many messages in a short time would repeat."""
        now = self._clock.now()
        last = self._overloads.get(message)
        if last is not None and (now - last).total_seconds() < PAUSE_SECONDS:
            return
        if len(self._overloads) >= MOST_HELD:
            self._overloads.clear()
        self._overloads[message] = now
        self._log(level, message)

    def info(self, message: str) -> None:
        """Log an event."""
        self._log("info", message)

    def debug(self, message: str, namespace: str = _NAMESPACE) -> None:
        """Log details."""
        self._log("debug", message, namespace)

    def set_level(self, level: Level) -> None:
        """Set the minimum level of published entries."""
        self._loudest = LEVELS.index(level)

    def _log(self, level: Level, message: str, namespace: str = _NAMESPACE) -> None:
        if LEVELS.index(level) > self._loudest or self._last == (level, message):
            return
        if self._held is not None and len(self._held) >= MOST_HELD:
            return
        self._last = (level, message)
        said = f"{namespace}: {message}"
        entry = dump({"level": level, "message": said, "namespace": namespace})
        if self._held is None:
            self._broker.publish(self._topic, entry)
        else:
            self._held.append(entry)
