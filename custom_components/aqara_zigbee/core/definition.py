"""A device model as a table: what it reports, what it takes, and how long it may be silent."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum as PythonEnum
from typing import Final

from .errors import UnknownProperty
from .options import Option, options_of
from .property import (
    Action,
    Options,
    Row,
    Scalar,
    Wish,
)
from .source import Address, Attribute, Source
from .value import Value
from .zcl import Report, Request


class Power(PythonEnum):
    """How a model is fed and therefore how it behaves on the air.

    The node descriptors of three of our models are wrong about it, so the table says it.
    """

    MAINS = "mains"
    BATTERY = "battery"


class _Gone(PythonEnum):
    GONE = "gone"


GONE: Final = _Gone.GONE
"""In changes: the property is no longer known (contract 1.4, `user` and `repeat`)."""

type Changes = dict[str, Scalar | _Gone]
"""What a frame says, by property name."""

type Unpack = Callable[[Report], Iterable[tuple[Address, Value]]]
type Reader = Callable[[Report, Options], Changes]
type Reply = Callable[[Report], tuple[Request, ...]]


def attributes(report: Report) -> Iterable[tuple[Address, Value]]:
    """A report's records under their addresses."""
    for record in report.records:
        yield Attribute(report.cluster, record.attribute, report.endpoint), record.value


@dataclass(frozen=True, slots=True)
class Problem:
    """A state the user should do something about.

    Attributes:
        name: the property.
        value: the value that is the problem.
        issue: what explains it, by the name of its text.
        fix: the value that ends it, if setting the property does.
    """

    name: str
    value: Scalar
    issue: str
    fix: Scalar | None = None


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Switches of which a device keeps at most one on while another one is on.

    Attributes:
        by: the property that says whether it does.
        among: the switches.
    """

    by: str
    among: tuple[str, ...]

    def contradiction(
        self, wishes: Mapping[str, Wish], state: Mapping[str, Scalar]
    ) -> tuple[str, ...]:
        """Those of some wishes that cannot be fulfilled together."""
        on = tuple(name for name in self.among if wishes.get(name) is True)
        is_exclusive = wishes.get(self.by, state.get(self.by)) is True
        return on if is_exclusive and len(on) > 1 else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A model.

    Attributes:
        zigbee_model: the model identifier it answers with (Basic, attribute 5); matched exactly.
        vendor, model, description: as Zigbee2MQTT's device page names it.
        power: mains or battery.
        silence: how long it may say nothing before it counts as unavailable.
        properties: the rows.
        unpack: splits a report into addresses and values.
        readers: for what no single row can tell: several records that mean one thing.
        replies: what the device must be answered, given one of its reports.
        on_join: what is sent once when it has joined.
        refresh: the properties to read when it comes back.
        problems: states the user should do something about.
        exclusion: switches that are never on together, at the owner's choice.
        endpoints: names of endpoints, as property suffixes and in MQTT topics.
        has_legacy: whether the `legacy` option changes its MQTT payload.
        has_users: whether it knows people by number, so that they can be given names.
        supports_ota: whether its firmware can be updated.
    """

    zigbee_model: str
    vendor: str
    model: str
    description: str
    power: Power
    silence: timedelta
    properties: tuple[Row, ...]
    unpack: Unpack = attributes
    readers: tuple[Reader, ...] = ()
    replies: tuple[Reply, ...] = ()
    on_join: tuple[Request, ...] = ()
    refresh: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    exclusion: Exclusion | None = None
    endpoints: Mapping[str, int] = field(default_factory=dict)
    has_legacy: bool = False
    has_users: bool = False
    supports_ota: bool = False

    options: tuple[Option, ...] = field(init=False)
    _rows: Mapping[str, Row] = field(init=False, repr=False)
    _index: Mapping[Address, tuple[tuple[Row, Source], ...]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Index the rows.

        Raises:
            ValueError: two rows have one name, or `refresh` names none or one that cannot be read.
            AqaraError: a problem's `fix` cannot be set.
        """
        rows = {row.name: row for row in self.properties}
        if len(rows) != len(self.properties):
            raise ValueError(f"{self.model}: two properties of one name")
        for name in self.refresh:
            if name not in rows or rows[name].read is None:
                raise ValueError(f"{self.model}: {name} cannot be refreshed")
        index: dict[Address, tuple[tuple[Row, Source], ...]] = {}
        for row in self.properties:
            for source in row.sources:
                index[source.address] = (*index.get(source.address, ()), (row, source))
        object.__setattr__(self, "options", tuple(options_of(self.properties)))
        object.__setattr__(self, "_rows", rows)
        for problem in self.problems:
            if problem.fix is not None:
                self.requests(problem.name, problem.fix)
        object.__setattr__(self, "_index", index)

    def __getitem__(self, name: str) -> Row:
        """The row of a property; `KeyError` if there is none."""
        return self._rows[name]

    def __contains__(self, name: object) -> bool:
        return name in self._rows

    @property
    def action(self) -> Action | None:
        """The row of what happens at the device, if anything can."""
        return next((row for row in self.properties if isinstance(row, Action)), None)

    def decode(self, report: Report, options: Options) -> Changes:
        """What a report says. Pure; what is not understood is left out."""
        changes: Changes = {}
        for address, value in self.unpack(report):
            for row, source in self._index.get(address, ()):
                meaning = row.decode(source, value, options)
                if meaning is not None:
                    changes[row.name] = meaning
        for reader in self.readers:
            changes |= reader(report, options)
        return changes

    def unknown(self, report: Report) -> tuple[Address, ...]:
        """The addresses in a report that no row has; kept for diagnostics."""
        return tuple(address for address, _ in self.unpack(report) if address not in self._index)

    def requests(self, name: str, wish: Wish) -> tuple[Request, ...]:
        """What to send, in order, so that a property takes on a value.

        Raises:
            UnknownProperty: there is no such property, or it cannot be set.
            ConversionError: the value is none of its values.
        """
        if name not in self._rows:
            raise UnknownProperty(name, "set")
        return self._rows[name].requests(wish)

    def option(self, name: str) -> Option | None:
        """The option of that name, None if the model has none."""
        return next((option for option in self.options if option.name == name), None)
