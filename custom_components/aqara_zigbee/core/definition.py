"""A device model as a table: its properties, commands, power supply and groups."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum as PythonEnum
from functools import lru_cache
import re
from typing import Final

from .device_settings import SETTINGS
from .errors import UnknownProperty
from .group import Group
from .options import AnyOption, FlagOption, options_of
from .property import (
    NO_OPTIONS,
    Action,
    Binary,
    Enum,
    Options,
    Row,
    Scalar,
    Wish,
)
from .source import Address, Attribute, Source
from .value import Value
from .zcl import Report, Request


class Feed(PythonEnum):
    """A model's power supply, and whether it receives at all times.

    The node descriptors of three models are wrong, so it is in the table.
    """

    MAINS = "mains"
    """Mains power: it receives at all times, and forwards frames of others."""

    SLEEPY = "sleepy"
    """A battery: it receives only for a moment after it has sent something."""

    LISTENING = "listening"
    """A battery with which it receives at all times, as motors do."""

    @property
    def is_battery(self) -> bool:
        """Whether it has a battery; such a device is not a router."""
        return self is not Feed.MAINS

    @property
    def listens(self) -> bool:
        """Whether it receives requests at any time."""
        return self is not Feed.SLEEPY

    @property
    def silence(self) -> timedelta:
        """Silence until it counts as unavailable; if it receives at all times, it is read first."""
        return timedelta(hours=25) if self.is_battery else timedelta(minutes=10)


class _Gone(PythonEnum):
    GONE = "gone"


GONE: Final = _Gone.GONE
"""In changes: the property is not known any more (protocol 1.4, `user` and `repeat`)."""

type Changes = dict[str, Scalar | _Gone]
"""The values of a frame by property name."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The values of a report.

    Attributes:
        changes: the properties with values.
        rejected: properties with implausible or unknown values.
        unknown: addresses without a row, for diagnostics.
    """

    changes: Changes
    rejected: frozenset[str] = frozenset()
    unknown: tuple[Address, ...] = ()


type Unpack = Callable[[Report], Iterable[tuple[Address, Value]]]
type Reader = Callable[[Report, Options], Changes]
type Reply = Callable[[Report], tuple[Request, ...]]


def attributes(report: Report) -> Iterable[tuple[Address, Value]]:
    """Return a report's records with their addresses."""
    for record in report.records:
        yield _address(report.cluster, record.attribute, report.endpoint), record.value


@lru_cache(1024)
def _address(cluster: int, attribute: int, endpoint: int) -> Attribute:
    """Return an attribute's address. Devices report the same ones repeatedly."""
    return Attribute(int(cluster), attribute, endpoint)


_ENDPOINT_NAME = re.compile(r"[a-z]+(_?[a-z0-9]+)*")
_NO_ENDPOINTS = {"set", "get", "availability", "action"}
"""Other last levels of a topic after a device's name, or other keys of a payload."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A state that needs a user's action.

    Attributes:
        name: the property.
        value: the problematic value.
        issue: the translation key of its text.
        fix: the value to set, if this solves the problem.
    """

    name: str
    value: Scalar
    issue: str
    fix: Scalar | None = None


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Switches of which a device allows only one to be on.

    Attributes:
        by: the property that enables this.
        among: the switches.
    """

    by: str
    among: tuple[str, ...]

    def contradiction(
        self, wishes: Mapping[str, Wish], state: Mapping[str, Scalar]
    ) -> tuple[str, ...]:
        """Return the wishes that exclude each other."""
        on = tuple(name for name in self.among if wishes.get(name) is True)
        is_exclusive = wishes.get(self.by, state.get(self.by)) is True
        return on if is_exclusive and len(on) > 1 else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A model.

    Attributes:
        zigbee_model: the model identifier it answers with (Basic, attribute 5); matched exactly.
        other_zigbee_models: those of devices with the same table.
        vendor, model, description: as Zigbee2MQTT's device page names it.
        feed: its power supply and whether it receives at all times, which determines its silence.
        properties: the rows.
        unpack: splits a report into addresses and values.
        readers: functions for properties that depend on several records.
        replies: the requests that a report must be answered with.
        on_join: requests that are sent after joining until they are confirmed.
        refresh: the properties to read when it comes back.
        own_options: options besides calibration and precision of its readings.
        problems: states that need a user's action.
        groups: rows that form one entity, such as a cover.
        exclusion: switches of which only one may be on, if the user wishes.
        endpoints: names of endpoints, as property suffixes and in MQTT topics: any but numbers.
        has_users: whether it has users with numbers, which can be named.
        supports_ota: whether its firmware can be updated.
    """

    zigbee_model: str
    vendor: str
    model: str
    description: str
    feed: Feed
    properties: tuple[Row, ...]
    other_zigbee_models: tuple[str, ...] = ()
    unpack: Unpack = attributes
    readers: tuple[Reader, ...] = ()
    replies: tuple[Reply, ...] = ()
    on_join: tuple[Request, ...] = ()
    refresh: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    groups: tuple[Group, ...] = ()
    exclusion: Exclusion | None = None
    endpoints: Mapping[str, int] = field(default_factory=dict)
    own_options: tuple[AnyOption, ...] = ()
    has_users: bool = False
    supports_ota: bool = False

    options: tuple[AnyOption, ...] = field(init=False)
    action: Action | None = field(init=False)
    """The row of actions, if there is one."""
    details: Mapping[str, Row] = field(init=False, repr=False)
    """The rows of the details of actions, by name."""
    _rows: Mapping[str, Row] = field(init=False, repr=False)
    _index: Mapping[Address, tuple[tuple[Row, Source], ...]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Index the rows.

        Raises:
            ValueError: two rows or options have one name, an endpoint's name has another meaning,
                `refresh` has an unknown or unreadable property, a row has a source that the default
                `unpack` does not yield, an outcome has an unknown property, or a group's rows do
                not fit.
            AqaraError: a problem's `fix` cannot be set.
        """
        rows = {row.name: row for row in self.properties}
        if len(rows) != len(self.properties):
            raise ValueError(f"{self.model}: two properties have the same name")
        for name in self.refresh:
            if name not in rows or rows[name].read is None:
                raise ValueError(f"{self.model}: {name} cannot be refreshed")
        for name in self.endpoints:
            if not _ENDPOINT_NAME.fullmatch(name) or name in _NO_ENDPOINTS:
                raise ValueError(f"{self.model}: {name} cannot be the name of an endpoint")
        if self.unpack is attributes:
            self._refuse_packed_sources()
        index: dict[Address, tuple[tuple[Row, Source], ...]] = {}
        for row in self.properties:
            for source in row.sources:
                index[source.address] = (*index.get(source.address, ()), (row, source))
        options = (*options_of(self.properties), *self.own_options)
        object.__setattr__(self, "options", options)
        object.__setattr__(self, "_rows", rows)
        action = next((row for row in self.properties if isinstance(row, Action)), None)
        object.__setattr__(self, "action", action)
        details = action.details if action else ()
        object.__setattr__(self, "details", {row.name: row for row in details})
        object.__setattr__(self, "_index", index)
        self._check_options()
        self._check_groups()
        for problem in self.problems:
            if problem.fix is not None:
                self.requests(problem.name, problem.fix)
        for row in self.properties:
            self._check_outcomes(row)

    def _check_options(self) -> None:
        """Refuse options with names that are not unique.

        Raises:
            ValueError: there is one.
        """
        taken = {*self._rows, *SETTINGS}
        for option in self.options:
            if option.name in taken:
                raise ValueError(f"{self.model}: the option {option.name} has the name of another")
            taken.add(option.name)

    def _check_groups(self) -> None:
        """Refuse groups with a common name or row, or with rows that do not fit.

        Raises:
            ValueError: there is one.
        """
        taken = set(self._rows)
        for group in self.groups:
            try:
                group.check(self._rows)
            except ValueError as error:
                raise ValueError(f"{self.model}: {error}") from error
            if group.inverted_by is not None and not isinstance(
                self.option(group.inverted_by), FlagOption
            ):
                raise ValueError(f"{self.model}: no flag option {group.inverted_by}")
            if group.name in taken:
                raise ValueError(f"{self.model}: the group {group.name} has the name of another")
            taken.add(group.name)
        members = [name for group in self.groups for name in group.members]
        if len({*members}) != len(members):
            raise ValueError(f"{self.model}: a row is in two groups")

    def _check_outcomes(self, row: Row) -> None:
        """Refuse a row with an outcome that the device does not have.

        Raises:
            ValueError: it is so.
        """
        for value in row.limits_to_set() if row.settable else ():
            for name, result in row.leads_to(value).items():
                if name not in self._rows or not self._rows[name].accepts(result):
                    raise ValueError(
                        f"{self.model}: {row.name} = {value} leads to {name} = {result}"
                    )

    def __getitem__(self, name: str) -> Row:
        """Return the row of a property; raises `KeyError` if there is none."""
        return self._rows[name]

    def __contains__(self, name: object) -> bool:
        return name in self._rows

    @property
    def zigbee_models(self) -> tuple[str, ...]:
        """All its model identifiers."""
        return self.zigbee_model, *self.other_zigbee_models

    def split(self, name: str) -> tuple[str, str | None]:
        """Split off an endpoint's name: ``state_l1`` is ``state`` of ``l1``."""
        for endpoint in sorted(self.endpoints, key=len, reverse=True):
            if name.endswith(f"_{endpoint}"):
                return name.removesuffix(f"_{endpoint}"), endpoint
        return name, None

    def group_of(self, name: str) -> Group | None:
        """Return the group that a property is part of; None if it has its own entity."""
        return next((group for group in self.groups if name in group.members), None)

    def _refuse_packed_sources(self) -> None:
        """Refuse sources that are not attributes, if only attributes are read.

        Raises:
            ValueError: there is one.
        """
        packed = [
            f"{row.name} reads {source.address}"
            for row in self.properties
            for source in row.sources
            if not isinstance(source.address, Attribute)
        ]
        if packed:
            raise ValueError(
                f"{self.model}: nothing takes reports apart, but {packed[0]}: give `unpack`"
            )

    def decode(self, report: Report, options: Options) -> Changes:
        """Return the values of a report. Pure; unknown ones are dropped."""
        return self.read(report, options).changes

    def read(self, report: Report, options: Options) -> Reading:
        """Return the values of a report, and the properties with implausible ones. Pure.

        Every value that enters the state from the air passes here.
        """
        changes: Changes = {}
        rejected: set[str] = set()
        unknown: list[Address] = []
        for address, value in self.unpack(report):
            sources = self._index.get(address)
            if sources is None:
                unknown.append(address)
                continue
            for row, source in sources:
                meaning = row.decode(source, value, options)
                if meaning is None:
                    rejected.add(row.name)
                else:
                    changes[row.name] = meaning
        by_readers: Changes = {}
        for reader in self.readers:
            by_readers |= reader(report, options)
        changes |= by_readers
        refused = {name for name, value in by_readers.items() if not self._accepts(name, value)}
        for name in refused:
            del changes[name]
        return Reading(changes, frozenset(rejected - changes.keys() | refused), tuple(unknown))

    def _accepts(self, name: str, value: Scalar | _Gone) -> bool:
        row = self._rows.get(name) or self.details[name]
        return value is GONE or row.accepts(value)

    def requests(self, name: str, wish: Wish, options: Options = NO_OPTIONS) -> tuple[Request, ...]:
        """Return the requests that set a property to a value, in order.

        Raises:
            UnknownProperty: the property does not exist or cannot be set.
            ConversionError: the value is invalid.
        """
        if name not in self._rows:
            raise UnknownProperty(name, "set")
        return self._rows[name].requests(wish, options)

    def check(self, name: str, wish: Scalar) -> Scalar:
        """Return the value that is sent for a wish: numbers are rounded to the step.

        Raises:
            ConversionError: the value is invalid.
        """
        return self._rows[name].check(wish)

    def outcome(self, name: str, value: Scalar) -> Mapping[str, Scalar]:
        """Return the values of properties after a value of one of them was set."""
        return self._rows[name].leads_to(value)

    def value_set_by(self, request: Request) -> tuple[str, Scalar] | None:
        """Return the property and value that a request sets; None if no row has it."""
        for row in self.properties:
            if row.settable and isinstance(row, Enum | Binary):
                for value in row.values if isinstance(row, Enum) else (True, False):
                    if row.requests(value) == (request,):
                        return row.name, value
        return None

    def option(self, name: str) -> AnyOption | None:
        """Return the option of that name, None if the model does not have it."""
        return next((option for option in self.options if option.name == name), None)
