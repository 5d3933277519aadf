"""The meaning of a report that depends on earlier reports.

A definition decodes a report without knowing the device's state. Some values depend on it: the
cause of the last change, a meter's lower reading, a name from another report.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeIs

from .definition import GONE, Changes, Definition, Reading
from .property import Binary, Join, Numeric, Scalar

_SHORTEST = timedelta(hours=1)
"""Minimum time in which a meter can count up, even if two readings follow each other quickly."""

LATE_CAUSE = timedelta(seconds=5)
"""Maximum time from a change that is seen without its cause to the report of it.

A device repeats an unacknowledged report 3 times, after 1.6 s each (Zigbee specification, 2.2.7.1:
apscMaxFrameRetries and apscAckWaitDuration).
"""


@dataclass(frozen=True, slots=True)
class Fall:
    """A meter's reading below the previous one, not confirmed by a second one yet.

    Attributes:
        value: the reading, in the property's unit.
        time: its time.
    """

    value: float
    time: datetime


class Context:
    """Earlier reports, as far as the meaning of a report depends on them.

    Args:
        definition: the device's definition.
    """

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        rows = definition.properties
        self._confirmed_rows = [
            row for row in rows if isinstance(row, Binary) and row.confirmations != 1
        ]
        self._meters = [
            row for row in rows if isinstance(row, Numeric) and row.most_per_hour is not None
        ]
        self._dependent_rows = [row for row in rows if row.belongs_to is not None]
        self._falls: dict[str, Fall] = {}
        self._in_a_row: dict[str, int] = {}
        self._person_at: datetime | None = None
        self._unexplained: dict[str, datetime] = {}
        """Properties whose last change has no cause yet, with the time of the change."""

    def judge(
        self, reading: Reading, state: Mapping[str, Scalar], now: datetime, *, is_answer: bool
    ) -> Reading:
        """Return a reading without values that are implausible or not confirmed yet.

        Args:
            reading: the values of a report.
            state: the device's state before it.
            now: the time of the report.
            is_answer: whether it is the response to a read, so that it is not an event.
        """
        changes = self._confirmed(reading.changes, state)
        changes = self._with_person(changes, state, now, is_answer=is_answer)
        falls = {row.name for row in self._meters if self._is_fall(row, changes, state, now)}
        if not falls and changes is reading.changes:
            return reading
        kept = {name: value for name, value in changes.items() if name not in falls}
        return replace(reading, changes=kept, rejected=reading.rejected | falls)

    def belonging(
        self, changes: Mapping[str, Scalar], state: Mapping[str, Scalar]
    ) -> Iterator[tuple[str, Scalar]]:
        """Yield unreported properties about the last change of a property that changes now.

        Yields:
            Their names, each with its value if the change was our own command.
        """
        for row in self._dependent_rows:
            owner = row.belongs_to
            if owner is None or owner not in changes or row.name in changes:
                continue
            if changes[owner] != state.get(owner):
                yield row.name, row.by_command

    def explained(
        self, reading: Reading, state: Mapping[str, Scalar], now: datetime
    ) -> frozenset[str]:
        """Return properties whose earlier change has its cause with this frame.

        A device reports its change with the cause, but the answer to a read can have the new state
        before. Such a change counts as the report's, if this follows soon and has the same state.
        Any report with a cause ends this, known or unknown, as does a command (`expect_none`).

        Args:
            reading: the values of a frame, after `judge`.
            state: the device's state before it.
            now: the time of the frame.
        """
        found: set[str] = set()
        for row in self._dependent_rows:
            owner = row.belongs_to
            if owner is None or owner not in reading.changes:
                continue
            is_change = reading.changes[owner] != state.get(owner)
            has_cause = row.name in reading.changes or row.name in reading.rejected
            if has_cause:
                since = self._unexplained.pop(owner, None)
                is_late = since is not None and now - since <= LATE_CAUSE
                if is_late and not is_change and row.name in reading.changes:
                    found.add(owner)
            elif is_change and owner in state:
                self._unexplained[owner] = now
        return frozenset(found)

    def expect_none(self, name: str) -> None:
        """Expect no cause of an earlier change: the next one may be of a command that is sent."""
        self._unexplained.pop(name, None)

    def _confirmed(self, changes: Changes, state: Mapping[str, Scalar]) -> Changes:
        """Remove values that count only when reported several times in a row.

        A doubtful frame (None) is ignored while the property is known to be true.
        """
        for row in self._confirmed_rows:
            if row.name not in changes:
                continue
            value, known = changes[row.name], state.get(row.name)
            if known is True:
                return {} if value is None else changes
            count = self._in_a_row.get(row.name, 0) + 1 if value is True else 0
            self._in_a_row[row.name] = count
            others = {name: each for name, each in changes.items() if name != row.name}
            if value is not True:
                return others | {row.name: False}
            return changes if count >= row.confirmations else others
        return changes

    def _with_person(
        self, changes: Changes, state: Mapping[str, Scalar], now: datetime, *, is_answer: bool
    ) -> Changes:
        """Remove the user of an opening whose user was not reported.

        This is the case for the second of two joined actions without the first (a key), and for a
        bolt that was retracted by an unknown event or while no frames were received.
        """
        row = self.definition.action
        if row is None or (join := row.join) is None:
            return changes
        if join.person in changes:
            self._person_at = now
            return changes
        word = None if is_answer else changes.get(row.name)
        is_drawn = changes.get(join.bolt) is True and state.get(join.bolt) is not True
        is_opened = word in join.second or (word is None and is_drawn)
        if is_opened and not self._was_just_reported(join, now) and join.person in state:
            return {**changes, join.person: GONE}
        return changes

    def _was_just_reported(self, join: Join, now: datetime) -> bool:
        told = self._person_at
        return told is not None and (now - told).total_seconds() <= join.within

    def _is_fall(
        self, row: Numeric, changes: Changes, state: Mapping[str, Scalar], now: datetime
    ) -> bool:
        """Whether a meter's reading is below the previous one and not the start of a new count.

        A meter that was reset counts on from its first low reading, no faster than the maximum
        load; a wrong reading is single. So the second one decides.
        """
        value, known = changes.get(row.name), state.get(row.name)
        if row.most_per_hour is None or not _is_number(value):
            return False
        before = self._falls.pop(row.name, None)
        if not _is_number(known) or value >= known:
            return False
        if before is not None and _confirms(row.most_per_hour, before, value, now):
            return False
        is_same = before is not None and before.value == value
        self._falls[row.name] = before if before is not None and is_same else Fall(value, now)
        return True


def _confirms(most_per_hour: float, fall: Fall, value: float, now: datetime) -> bool:
    """Whether a meter counts on from a lower reading, or keeps it for long."""
    since, grown = now - fall.time, value - fall.value
    if grown == 0:
        return since >= _SHORTEST
    return 0 < grown <= most_per_hour * (max(since, _SHORTEST) / timedelta(hours=1))


def _is_number(value: object) -> TypeIs[int | float]:
    return isinstance(value, int | float)
