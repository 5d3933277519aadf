"""Entries on ``bridge/logging``: repetitions, overloads, entries that wait for a connection."""

import pytest

from custom_components.aqara_zigbee.mirror.bridge_log import MOST_HELD, PAUSE_SECONDS, BridgeLog
from custom_components.aqara_zigbee.mirror.topics import Topics
from tests.mirror.stage import HandClock, Record


class Log:
    """A bridge log and its published messages."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.broker = Record()
        self.bridge_log = BridgeLog(Topics("zigbee2mqtt"), self.broker, "info", self.clock)

    @property
    def said(self) -> list[str]:
        """The messages, without their namespace."""
        return [
            message.content["message"].removeprefix("z2m: ") for message in self.broker.messages
        ]


@pytest.fixture
def log() -> Log:
    return Log()


def test_repeated_entry_is_logged_once(log: Log) -> None:
    for message in ("one", "one", "two", "one"):
        log.bridge_log.info(message)
    assert log.said == ["one", "two", "one"]
    log.bridge_log.warning("one")
    assert len(log.said) == 4, "another level is another entry"


def test_overload_is_logged_once_a_second(log: Log) -> None:
    """Whatever is logged in between: two devices that flood alternate."""
    for _ in range(3):
        log.bridge_log.overload("error", "first")
        log.bridge_log.overload("error", "second")
    assert log.said == ["first", "second"]
    log.clock.pass_(PAUSE_SECONDS)
    log.bridge_log.overload("error", "first")
    assert log.said == ["first", "second", "first"]


def test_overloads_of_many_kinds_use_limited_memory(log: Log) -> None:
    for number in range(3 * MOST_HELD):
        log.bridge_log.overload("error", f"topic {number}")
    assert len(log.said) == 3 * MOST_HELD
    assert len(log.bridge_log._overloads) <= MOST_HELD


def test_entries_wait_for_a_connection(log: Log) -> None:
    log.bridge_log.hold()
    log.bridge_log.info("before")
    log.bridge_log.hold()
    assert log.said == []
    log.bridge_log.release()
    log.bridge_log.info("after")
    assert log.said == ["before", "after"]


def test_dropped_entry_is_logged_when_it_happens_again(log: Log) -> None:
    """Dropped without a connection, or because too many waited."""
    log.bridge_log.hold()
    log.bridge_log.error("dropped")
    log.bridge_log.forget()
    log.bridge_log.error("dropped")
    assert log.said == ["dropped"]
    log.bridge_log.hold()
    for number in range(MOST_HELD):
        log.bridge_log.info(str(number))
    log.bridge_log.error("too many")
    log.bridge_log.release()
    assert len(log.said) == 1 + MOST_HELD
    log.bridge_log.error("too many")
    assert log.said[-1] == "too many"
