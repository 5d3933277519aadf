"""The context that all parts of the mirror share."""

from dataclasses import dataclass
from typing import override

from .bridge_log import BridgeLog
from .names import Names
from .ports import Broker, Clock
from .settings import Settings
from .topics import Topics


class PublishGate(Broker):
    """Passes messages on while publishing is allowed.

    Attributes:
        is_open: whether messages pass.
        passed: the number of messages passed.
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


@dataclass(slots=True)
class MirrorContext:
    """Topics, broker and settings that all parts share; the settings may be replaced."""

    topics: Topics
    settings: Settings
    names: Names
    gate: PublishGate
    clock: Clock
    journal: BridgeLog
