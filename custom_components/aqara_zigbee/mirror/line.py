"""What every part of the mirror speaks through."""

from dataclasses import dataclass
from typing import override

from .journal import Journal
from .names import Names
from .ports import Broker, Clock
from .settings import Settings
from .topics import Topics


class Gate(Broker):
    """Lets messages pass while we may speak.

    Attributes:
        is_open: whether they pass.
        passed: how many did.
    """

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self.is_open = False
        self.passed = 0

    @override
    def publish(self, topic: str, payload: str, *, qos: int = 0, retain: bool = False) -> None:
        if self.is_open:
            self.passed += 1
            self._broker.publish(topic, payload, qos=qos, retain=retain)


@dataclass(frozen=True, slots=True)
class Line:
    """Topics, words and settings that all parts share."""

    topics: Topics
    settings: Settings
    names: Names
    gate: Gate
    clock: Clock
    journal: Journal
