"""What happens, as log entries on ``bridge/logging``."""

from .payload import dump
from .ports import Broker
from .settings import LEVELS, Level
from .topics import Topics

_NAMESPACE = "z2m"


class Journal:
    """Entries of the level that is wanted and above; the same one twice in a row is said once."""

    def __init__(self, topics: Topics, broker: Broker, level: Level) -> None:
        self._topic = topics.bridge("logging")
        self._broker = broker
        self._loudest = LEVELS.index(level)
        self._last: tuple[Level, str] | None = None

    def error(self, message: str) -> None:
        """Something that was asked for could not be done."""
        self._say("error", message)

    def warning(self, message: str) -> None:
        """Something that looks wrong."""
        self._say("warning", message)

    def info(self, message: str) -> None:
        """Something that happened."""
        self._say("info", message)

    def debug(self, message: str) -> None:
        """Something for who looks closely."""
        self._say("debug", message)

    def _say(self, level: Level, message: str) -> None:
        if LEVELS.index(level) > self._loudest or self._last == (level, message):
            return
        self._last = (level, message)
        entry = {"level": level, "message": message, "namespace": _NAMESPACE}
        self._broker.publish(self._topic, dump(entry))
