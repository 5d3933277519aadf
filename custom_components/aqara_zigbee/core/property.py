"""Rows of a device's table: one property each, with its sources, values and limits.

A property is described only in its row. Home Assistant's entities and the MQTT mirror are derived
from it; its platform follows from the kind of row.
"""

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from enum import Enum as PythonEnum, Flag, IntFlag, auto
from types import MappingProxyType
from typing import Any, Final, Literal, override

from .errors import ConversionError, UnknownProperty
from .limits import is_number, is_text
from .quantity import PLAIN, Bounds, Quantity
from .source import Attribute, Lookup, Source, is_one, number, round_half_up
from .value import Value, is_integer, write_value
from .zcl import Request

type Scalar = bool | int | float | str | None
"""A property's value in entities and JSON."""


class _Toggle(PythonEnum):
    TOGGLE = "toggle"


TOGGLE: Final = _Toggle.TOGGLE
"""A wish for the other of two values."""

LONGEST_STATE: Final = 255
"""Maximum characters of a state in Home Assistant."""

type Wish = Scalar | Literal[_Toggle.TOGGLE]
"""A value that a property should have."""

type Options = Mapping[str, Any]
"""Options by name; a missing one has its default."""

NO_OPTIONS: Final[Options] = MappingProxyType({})
"""All options have their default."""

CALIBRATION, PRECISION = "_calibration", "_precision"
"""Suffixes of a reading's options for calibration and precision, as in Zigbee2MQTT."""


class Access(IntFlag):
    """Access to a property, in Zigbee2MQTT's bits (protocol 6.7)."""

    STATE = 1
    SET = 2
    GET = 4
    STATE_SET = 3
    STATE_GET = 5
    ALL = 7


class Shown(Flag):
    """The views that show a property, by default all."""

    NOWHERE = 0
    HOME = auto()
    PAYLOAD = auto()
    EXPOSES = auto()
    NOT_EXPOSED = HOME | PAYLOAD
    EVERYWHERE = HOME | PAYLOAD | EXPOSES


@dataclass(frozen=True, slots=True)
class Property:
    """The common part of all rows.

    Attributes:
        name: JSON key, translation key and unique-id suffix.
        sources: the sources of its value.
        access: the access in Zigbee2MQTT's exposes.
        category: Home Assistant's entity category.
        enabled: whether its entity is enabled from the start.
        zha: whether ZHA has an equivalent entity, so that on ZHA's network this one is disabled by
            default.
        shown: the views that show it.
        adjust: applies the options to a decoded value; a settable row with it needs `write`.
        write: returns the requests for a value, given the options; None to write the attribute of a
            source.
        outcome: returns the values of properties after a value was set, if it is not a state or has
            further effects; may have any row of the device.
        read: the attribute to read; by default that of a source, if `access` has GET.
        read_back: whether a written value is read back before it is believed.
        reported: whether the device reports it; otherwise it is only known here, and an
            acknowledged value is believed.
        sparse: whether only some devices of a model have it, so that it appears with its first value.
        belongs_to: the property whose last change it describes, so that it is unknown after a
            change without it.
        by_command: its value after a change by our own command; only with `belongs_to`.
    """

    name: str
    sources: tuple[Source, ...] = ()
    _: KW_ONLY
    access: Access = Access.STATE
    category: Literal["config", "diagnostic"] | None = None
    enabled: bool = True
    zha: bool = False
    shown: Shown = Shown.EVERYWHERE
    adjust: Callable[[Any, Options], Scalar] | None = None
    write: Callable[[Any, Options], tuple[Request, ...]] | None = None
    outcome: Callable[[Any], Mapping[str, Scalar]] | None = None
    read: Attribute | None = None
    read_back: bool = False
    reported: bool = True
    sparse: bool = False
    belongs_to: str | None = None
    by_command: Scalar = None

    def __post_init__(self) -> None:
        """Refuse a row that contradicts itself.

        Raises:
            ValueError: it is settable but cannot write all of its values, or it is read back but
                cannot be read.
        """
        if self.read is None and Access.GET in self.access:
            object.__setattr__(self, "read", self._first_attribute())
        if Access.SET in self.access and self.write is None and not self._is_writable:
            raise ValueError(f"{self.name} is settable, but nothing says how")
        if self.settable:
            self._check_settable()
        if self.read_back and self.read is None:
            raise ValueError(f"{self.name} is read back, but nothing says from where")

    def _first_attribute(self) -> Attribute | None:
        for source in self.sources:
            if isinstance(source.address, Attribute):
                return source.address
        return None

    def _check_settable(self) -> None:
        """Refuse a settable row whose values cannot be written.

        Raises:
            ValueError: its kind has no settable values, or the ZCL type cannot represent them.
        """
        self._check_limits()
        values = self.limits_to_set()
        if not values:
            raise ValueError(f"{self.name} is settable, but a {type(self).__name__} cannot be set")
        if self.write is not None:
            return
        if self.adjust is not None or any(source.decode for source in self.sources):
            raise ValueError(
                f"{self.name} is settable, but nothing undoes what decodes it: give `write`"
            )
        target = self._first_attribute()
        assert target is not None
        assert target.type is not None
        for value in values:
            try:
                write_value(target.type, self._wire(value))
            except ValueError as error:
                raise ValueError(f"{self.name} is settable, but {error}") from error

    def _check_limits(self) -> None:
        """Refuse a settable row without the limits that its kind requires."""

    def limits_to_set(self) -> tuple[Scalar, ...]:
        """Return the settable values, of numbers the lowest and the highest."""
        return ()

    @property
    def _is_writable(self) -> bool:
        target = self._first_attribute()
        return target is not None and target.type is not None

    @property
    def settable(self) -> bool:
        """Whether a user can set it."""
        return Access.SET in self.access

    def decode(self, source: Source, value: Value, options: Options) -> Scalar:
        """Return the meaning of a ZCL value; None for one without a meaning the row accepts.

        Pure: the same value and options always give the same answer.
        """
        found = source.decode(value) if source.decode else self._meaning(value)
        meaning: Scalar = self._adjusted(found, options)
        return meaning if self.accepts(meaning) else None

    def _adjusted(self, meaning: Any, options: Options) -> Any:
        if meaning is None or self.adjust is None:
            return meaning
        return self.adjust(meaning, options)

    def _meaning(self, value: Value) -> Scalar:
        raise NotImplementedError

    def accepts(self, value: Scalar) -> bool:
        """Whether a reported value is valid; None means "no value"."""
        raise NotImplementedError

    def check(self, value: Scalar) -> Scalar:
        """Return the value for a wish.

        Raises:
            ConversionError: it is invalid.
        """
        raise NotImplementedError

    def leads_to(self, value: Scalar) -> Mapping[str, Scalar]:
        """Return the values of properties after a value of this one was set."""
        return self.outcome(value) if self.outcome else {self.name: value}

    def requests(self, wish: Wish, options: Options = NO_OPTIONS) -> tuple[Request, ...]:
        """Return the requests that set a value, in order.

        Raises:
            UnknownProperty: the property cannot be set.
            ConversionError: the value is invalid.
        """
        if not self.settable:
            raise UnknownProperty(self.name, "set")
        if wish is TOGGLE:
            return self._toggle_requests()
        value = self.check(wish)
        if self.write is not None:
            return self.write(value, options)
        target = self._first_attribute()
        assert target is not None
        return (target.write(self._wire(value)),)

    def _toggle_requests(self) -> tuple[Request, ...]:
        raise ConversionError(self.name, TOGGLE.value)

    def _wire(self, value: Scalar) -> Value:
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Binary(Property):
    """True or false; a switch if it is settable.

    Attributes:
        on, off: the two values on MQTT.
        is_contact: whether it is a contact of a relay, a switch in exposes.
        device_class: Home Assistant's class of the binary sensor, or of the switch if it can be set.
        toggle: returns the toggle command; None if the device does not have it.
        main: whether it is the device's main function and has its name.
        confirmations: how many reports in a row must be true before it counts.
    """

    _: KW_ONLY
    on: bool | str = True
    off: bool | str = False
    is_contact: bool = False
    device_class: str | None = None
    toggle: Callable[[], tuple[Request, ...]] | None = None
    main: bool = False
    confirmations: int = 1

    @override
    def _meaning(self, value: Value) -> Scalar:
        return is_one(value)

    @override
    def accepts(self, value: Scalar) -> bool:
        return value is None or isinstance(value, bool)

    @override
    def check(self, value: Scalar) -> Scalar:
        if isinstance(value, bool):
            return value
        raise ConversionError(self.name, value, (str(self.off), str(self.on)))

    @override
    def limits_to_set(self) -> tuple[Scalar, ...]:
        return (False, True)

    @override
    def _wire(self, value: Scalar) -> Value:
        return bool(value)

    @override
    def _toggle_requests(self) -> tuple[Request, ...]:
        if self.toggle is None:
            raise ConversionError(self.name, TOGGLE.value, (str(self.off), str(self.on)))
        return self.toggle()


@dataclass(frozen=True, slots=True)
class Enum(Property):
    """An enumeration."""

    _: KW_ONLY
    lookup: Lookup[Any, str]

    @property
    def values(self) -> tuple[str, ...]:
        """All its values."""
        return self.lookup.values

    @override
    def _meaning(self, value: Value) -> Scalar:
        return self.lookup.decode(value)

    @override
    def accepts(self, value: Scalar) -> bool:
        return value is None or value in self.values

    @override
    def check(self, value: Scalar) -> Scalar:
        if value in self.values:
            return value
        raise ConversionError(self.name, value, self.values)

    @override
    def limits_to_set(self) -> tuple[Scalar, ...]:
        return self.values

    @override
    def _wire(self, value: Scalar) -> Value:
        wire: Value = self.lookup.encode(str(value))
        return wire


@dataclass(frozen=True, slots=True)
class Numeric(Property):
    """A number with a unit.

    A settable one needs `minimum` and `maximum`, and is rounded to `step` before it is sent.

    Attributes:
        quantity: the measured quantity.
        minimum, maximum: documented limits; a reading outside is dropped.
        plausible: bounds of this model's readings, if other than the quantity's. They are not
            published.
        most_per_hour: the maximum increase of a meter; it never decreases, unless it was reset.
        decimals: digits to round to, if other than the quantity's.
    """

    quantity: Quantity = field(kw_only=False, default=PLAIN)
    _: KW_ONLY
    minimum: float | None = None
    maximum: float | None = None
    plausible: Bounds | None = None
    most_per_hour: float | None = None
    decimals: int | None = None

    @property
    def bounds(self) -> Bounds | None:
        """Bounds of plausible readings; None for any number of 64 bits."""
        return self.plausible or self.quantity.plausible

    @property
    def calibration_option(self) -> str:
        """The name of its calibration option."""
        return self.name + CALIBRATION

    @property
    def precision_option(self) -> str:
        """The name of its precision option."""
        return self.name + PRECISION

    @property
    def usual_decimals(self) -> int | None:
        """Digits it is rounded to by default."""
        return self.quantity.decimals if self.decimals is None else self.decimals

    @property
    def step(self) -> float:
        """The step between settable values, in the quantity's unit."""
        return 10.0**-self._settable_decimals

    @property
    def _settable_decimals(self) -> int:
        """Digits that can be written: none if the ZCL type is an integer."""
        target = self._first_attribute()
        kind = target.type if target is not None and self.write is None else None
        return 0 if kind is not None and is_integer(kind) else self.usual_decimals or 0

    @override
    def decode(self, source: Source, value: Value, options: Options) -> Scalar:
        found = source.decode(value) if source.decode else number(value)
        reading = self._adjusted(found, options)
        if reading is None or not self.is_plausible(reading):
            return None
        decimals = self.usual_decimals
        if options:
            if calibration := _number_in(options, self.calibration_option):
                by_amount = self.quantity.calibration == "offset"
                reading += calibration if by_amount else reading * calibration / 100
            wanted = _number_in(options, self.precision_option)
            decimals = decimals if wanted is None else int(wanted)
        if decimals is not None and is_number(reading):
            reading = round_half_up(reading, decimals)
        result: int | float = reading
        return result if self.is_plausible(result) else None

    def is_plausible(self, value: float) -> bool:
        """Whether it is a valid number (`limits`) within all limits and bounds."""
        if not is_number(value) or (self.minimum is not None and value < self.minimum):
            return False
        if self.maximum is not None and value > self.maximum:
            return False
        bounds = self.bounds
        return bounds is None or value in bounds

    @override
    def accepts(self, value: Scalar) -> bool:
        if isinstance(value, bool | str):
            return False
        return value is None or self.is_plausible(value)

    @override
    def check(self, value: Scalar) -> Scalar:
        if isinstance(value, int | float) and not isinstance(value, bool):
            found = number(value)
            if found is not None and self.is_plausible(found):
                rounded = round_half_up(found, self._settable_decimals)
                if self.is_plausible(rounded):
                    return rounded
        raise ConversionError(self.name, value)

    @override
    def _check_limits(self) -> None:
        if self.minimum is None or self.maximum is None:
            raise ValueError(f"{self.name} is settable, but has no minimum and maximum")

    @override
    def limits_to_set(self) -> tuple[Scalar, ...]:
        assert self.minimum is not None
        assert self.maximum is not None
        return tuple(
            round_half_up(limit, self._settable_decimals) for limit in (self.minimum, self.maximum)
        )

    @override
    def _wire(self, value: Scalar) -> Value:
        assert isinstance(value, int | float)
        return value


@dataclass(frozen=True, slots=True)
class Text(Property):
    """A text of up to `LONGEST_STATE` characters, from a device's own reader."""

    @override
    def _meaning(self, value: Value) -> Scalar:
        return value.decode("utf-8", "replace") if isinstance(value, bytes) else None

    @override
    def accepts(self, value: Scalar) -> bool:
        return value is None or (is_text(value) and len(value) <= LONGEST_STATE)

    @override
    def check(self, value: Scalar) -> Scalar:
        raise ConversionError(self.name, value)


def _none(action: str, details: Mapping[str, Scalar]) -> None:
    del action, details


@dataclass(frozen=True, slots=True)
class Event:
    """An event entity of Home Assistant, fired by an action row.

    Attributes:
        name: translation key and unique-id suffix.
        types: the event type and attributes of each of its actions.
        attributes: the names of details as attributes.
        device_class: Home Assistant's event class.
        formerly: its name in earlier versions, so that a registered entity keeps the user's
            settings.
        kinds: further event types, which depend on an action's details.
        kind_of: returns which of `kinds` an action with its details is, None for none.
    """

    name: str
    types: Mapping[str, tuple[str, Mapping[str, Scalar]]]
    attributes: Mapping[str, str] = field(default_factory=dict)
    device_class: str | None = None
    formerly: str | None = None
    kinds: tuple[str, ...] = ()
    kind_of: Callable[[str, Mapping[str, Scalar]], str | None] = _none


@dataclass(frozen=True, slots=True)
class Join:
    """Two actions of one event: the second one gets the details of the first one.

    Attributes:
        first, second: the actions, by name.
        within: maximum seconds between them.
        person: the property with the user, which the second one lacks.
        bolt: the property that is true while the door is not locked.
    """

    first: frozenset[str]
    second: frozenset[str]
    within: float
    person: str
    bolt: str


def _as_it_is(action: str, details: Mapping[str, Scalar]) -> str:
    del details
    return action


@dataclass(frozen=True, slots=True)
class Action(Property):
    """An event without a state: it is neither stored nor repeated.

    Attributes:
        values: all its values, in Zigbee2MQTT's order; some never occur.
        details: properties that are valid only together with an action.
        events: its event entities.
        spell: returns the value on MQTT of an action with its details.
        join: two of its actions of one event.
        bus_events: values that report a complete event, by its type on Home Assistant's bus.
    """

    _: KW_ONLY
    values: tuple[str, ...]
    details: tuple[Row, ...] = ()
    events: tuple[Event, ...] = ()
    spell: Callable[[str, Mapping[str, Scalar]], str] = _as_it_is
    join: Join | None = None
    bus_events: Mapping[str, str] = field(default_factory=dict)

    @override
    def accepts(self, value: Scalar) -> bool:
        return value in self.values

    @override
    def check(self, value: Scalar) -> Scalar:
        raise ConversionError(self.name, value, self.values)


type Row = Binary | Enum | Numeric | Text | Action
"""The kinds of rows; both views `match` on all of them."""


def _number_in(options: Options, name: str) -> int | float | None:
    """Return an option that is a number; None if it is not set, or invalid."""
    value = options.get(name)
    return value if is_number(value) and not isinstance(value, bool) else None
