"""Rows of a device's table: one property each, with its wire addresses, meanings and limits.

A row is the only place where a property is described. Home Assistant's entities and the MQTT mirror
are derived from it; which platform shows it follows from its kind and is never written down.
"""

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from enum import Enum as PythonEnum, Flag, IntFlag, auto
from typing import Any, Final, Literal, override

from .codec import Lookup, is_one, number, round_half_up
from .errors import ConversionError, UnknownProperty
from .quantity import PLAIN, Quantity
from .source import Attribute, Source
from .value import Value
from .zcl import Request

type Scalar = bool | int | float | str | None
"""A property's value: what entities show and JSON carries."""


class _Toggle(PythonEnum):
    TOGGLE = "toggle"


TOGGLE: Final = _Toggle.TOGGLE
"""A wish: the other one of the two."""

type Wish = Scalar | Literal[_Toggle.TOGGLE]
"""What can be asked of a property."""

type Options = Mapping[str, Any]
"""Settings that live with us, by name; a missing one has its default."""


class Access(IntFlag):
    """What can be done with a property, in Zigbee2MQTT's bits (contract 6.7)."""

    STATE = 1
    SET = 2
    GET = 4
    STATE_SET = 3
    STATE_GET = 5
    ALL = 7


class Shown(Flag):
    """Where a property is seen. Most are seen everywhere."""

    NOWHERE = 0
    HOME = auto()
    PAYLOAD = auto()
    EXPOSES = auto()
    NOT_EXPOSED = HOME | PAYLOAD
    EVERYWHERE = HOME | PAYLOAD | EXPOSES


@dataclass(frozen=True, slots=True)
class Property:
    """What every row has.

    Attributes:
        name: JSON key, translation key and unique-id suffix at once.
        sources: whichever arrives, this row answers.
        access: what Zigbee2MQTT's description of the device promises.
        category: Home Assistant's entity category.
        enabled: whether its entity is enabled from the start.
        shown: in which views it appears.
        write: makes the requests for a value; left out where one attribute is simply written.
        read: the attribute to ask for; taken from the sources where `access` has GET.
        read_back: whether a written value is believed only after it was read again.
        told: whether the device ever tells it; else only we know it, and what it acknowledged is
            believed.
        sparse: whether only some devices of a model have it, so that it appears with its first value.
    """

    name: str
    sources: tuple[Source, ...] = ()
    _: KW_ONLY
    access: Access = Access.STATE
    category: Literal["config", "diagnostic"] | None = None
    enabled: bool = True
    shown: Shown = Shown.EVERYWHERE
    write: Callable[[Any], tuple[Request, ...]] | None = None
    read: Attribute | None = None
    read_back: bool = False
    told: bool = True
    sparse: bool = False

    def __post_init__(self) -> None:
        """Refuse a row that contradicts itself.

        Raises:
            ValueError: it is settable without a way to write, or read back without one to read.
        """
        if self.read is None and Access.GET in self.access:
            object.__setattr__(self, "read", self._first_attribute())
        if Access.SET in self.access and self.write is None and not self._is_writable:
            raise ValueError(f"{self.name} is settable, but nothing says how")
        if self.read_back and self.read is None:
            raise ValueError(f"{self.name} is read back, but nothing says from where")

    def _first_attribute(self) -> Attribute | None:
        for source in self.sources:
            if isinstance(source.address, Attribute):
                return source.address
        return None

    @property
    def _is_writable(self) -> bool:
        target = self._first_attribute()
        return target is not None and target.type is not None

    @property
    def settable(self) -> bool:
        """Whether a user can set it."""
        return Access.SET in self.access

    def decode(self, source: Source, value: Value, options: Options) -> Scalar:
        """What a wire value means; None where it means nothing.

        Pure: the same value and options always give the same answer.
        """
        del options
        meaning: Scalar = source.decode(value) if source.decode else self._meaning(value)
        return meaning

    def _meaning(self, value: Value) -> Scalar:
        raise NotImplementedError

    def check(self, value: Scalar) -> Scalar:
        """The value as this row keeps it.

        Raises:
            ConversionError: it is none of this property's values.
        """
        raise NotImplementedError

    def requests(self, wish: Wish) -> tuple[Request, ...]:
        """What to send, in order, so that the device takes on a value.

        Raises:
            UnknownProperty: the property cannot be set.
            ConversionError: the value is none of this property's.
        """
        if not self.settable:
            raise UnknownProperty(self.name, "set")
        if wish is TOGGLE:
            return self._toggle_requests()
        value = self.check(wish)
        if self.write is not None:
            return self.write(value)
        target = self._first_attribute()
        assert target is not None
        return (target.write(self._wire(value)),)

    def _toggle_requests(self) -> tuple[Request, ...]:
        raise ConversionError(self.name, TOGGLE.value)

    def _wire(self, value: Scalar) -> Value:
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Binary(Property):
    """True or false; a switch where it can be set.

    Attributes:
        on, off: what MQTT payloads call the two.
        device_class: Home Assistant's binary sensor class, for those that cannot be set.
        toggle: makes the requests that turn it over; None where the device has no such command.
        main: whether it is what the device is there for, so that it bears the device's name.
    """

    _: KW_ONLY
    on: bool | str = True
    off: bool | str = False
    device_class: str | None = None
    toggle: Callable[[], tuple[Request, ...]] | None = None
    main: bool = False

    @override
    def _meaning(self, value: Value) -> Scalar:
        return is_one(value)

    @override
    def check(self, value: Scalar) -> Scalar:
        if isinstance(value, bool):
            return value
        raise ConversionError(self.name, value, (str(self.off), str(self.on)))

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
    """One of a few words."""

    _: KW_ONLY
    lookup: Lookup[Any, str]

    @property
    def values(self) -> tuple[str, ...]:
        """All its words."""
        return self.lookup.values

    @override
    def _meaning(self, value: Value) -> Scalar:
        return self.lookup.decode(value)

    @override
    def check(self, value: Scalar) -> Scalar:
        if value in self.values:
            return value
        raise ConversionError(self.name, value, self.values)

    @override
    def _wire(self, value: Scalar) -> Value:
        wire: Value = self.lookup.encode(str(value))
        return wire


@dataclass(frozen=True, slots=True)
class Numeric(Property):
    """A number with a unit.

    Attributes:
        quantity: what is measured.
        minimum, maximum: limits that are documented; a reading outside them is not believed.
        decimals: digits to round to, if other than the quantity's usual.
        device_class: Home Assistant's sensor class, if other than the quantity's usual.
    """

    quantity: Quantity = field(kw_only=False, default=PLAIN)
    _: KW_ONLY
    minimum: float | None = None
    maximum: float | None = None
    decimals: int | None = None

    @property
    def calibration_option(self) -> str:
        """The name of the option that corrects it, in Zigbee2MQTT's words."""
        return f"{self.name}_calibration"

    @property
    def precision_option(self) -> str:
        """The name of the option that rounds it, in Zigbee2MQTT's words."""
        return f"{self.name}_precision"

    @property
    def usual_decimals(self) -> int | None:
        """Digits it is rounded to where no option says otherwise."""
        return self.quantity.decimals if self.decimals is None else self.decimals

    @override
    def decode(self, source: Source, value: Value, options: Options) -> Scalar:
        reading = source.decode(value) if source.decode else number(value)
        if reading is None:
            return None
        if calibration := options.get(self.calibration_option):
            by_amount = self.quantity.calibration == "offset"
            reading += calibration if by_amount else reading * calibration / 100
        decimals = options.get(self.precision_option, self.usual_decimals)
        result: int | float = reading if decimals is None else round_half_up(reading, int(decimals))
        return result if self._is_plausible(result) else None

    def _is_plausible(self, value: float) -> bool:
        above = self.minimum is None or value >= self.minimum
        return above and (self.maximum is None or value <= self.maximum)

    @override
    def check(self, value: Scalar) -> Scalar:
        if isinstance(value, int | float) and not isinstance(value, bool):
            found = number(value)
            if found is not None and self._is_plausible(found):
                return found
        raise ConversionError(self.name, value)

    @override
    def _wire(self, value: Scalar) -> Value:
        assert isinstance(value, int | float)
        return int(value)


@dataclass(frozen=True, slots=True)
class Text(Property):
    """Free words, made by a device's own reader."""

    @override
    def _meaning(self, value: Value) -> Scalar:
        return value.decode("utf-8", "replace") if isinstance(value, bytes) else None

    @override
    def check(self, value: Scalar) -> Scalar:
        raise ConversionError(self.name, value)


@dataclass(frozen=True, slots=True)
class Event:
    """An event entity of Home Assistant that an action row feeds.

    Attributes:
        name: translation key and unique-id suffix.
        types: for each action it takes up, the event type and attributes that come with it.
        attributes: what details are called as attributes.
        device_class: Home Assistant's event class.
    """

    name: str
    types: Mapping[str, tuple[str, Mapping[str, Scalar]]]
    attributes: Mapping[str, str] = field(default_factory=dict)
    device_class: str | None = None


@dataclass(frozen=True, slots=True)
class Join:
    """Two actions that tell one story: the second one takes on what the first one said.

    Attributes:
        first, second: the actions, by name.
        within: how many seconds the second may lag.
    """

    first: frozenset[str]
    second: frozenset[str]
    within: float


def _as_it_is(action: str, details: Mapping[str, Scalar]) -> str:
    del details
    return action


@dataclass(frozen=True, slots=True)
class Action(Property):
    """Something that happens and is over. It is no state: nobody keeps it, nothing replays it.

    Attributes:
        values: all its words, in the order Zigbee2MQTT documents them; some never occur.
        details: properties that are true only together with an action.
        events: the event entities it feeds.
        spell: what MQTT calls an action with its details.
        join: two of its actions that tell one story.
    """

    _: KW_ONLY
    values: tuple[str, ...]
    details: tuple[Row, ...] = ()
    events: tuple[Event, ...] = ()
    spell: Callable[[str, Mapping[str, Scalar]], str] = _as_it_is
    join: Join | None = None

    @override
    def check(self, value: Scalar) -> Scalar:
        raise ConversionError(self.name, value, self.values)


type Row = Binary | Enum | Numeric | Text | Action
"""The kinds of rows; both views `match` on them and leave none out."""
