"""Options of devices, stored here and not in the device: calibration, inversion.

They apply to the next report; earlier values are not calculated again (protocol 0.5). They share
`Device.options` with settings that are no options of a model (`device_settings`).
"""

from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass
from typing import override

from .errors import ConversionError
from .property import CALIBRATION, PRECISION, Numeric, Options, Property, Scalar
from .source import number


@dataclass(frozen=True, slots=True)
class Option:
    """An option that changes the decoding of reports, or the requests for a value.

    Attributes:
        name: Zigbee2MQTT's name, such as ``power_calibration``.
        enabled: whether its entity is enabled from the start.
    """

    name: str
    _: KW_ONLY
    enabled: bool = True

    def check(self, value: Scalar) -> Scalar:
        """Return the value for storage.

        Raises:
            ConversionError: it is invalid.
        """
        raise NotImplementedError

    def _chosen(self, options: Options) -> Scalar:
        """Return the stored value; None if there is none, or it is invalid."""
        try:
            return self.check(options.get(self.name))
        except ConversionError:
            return None


@dataclass(frozen=True, slots=True)
class FlagOption(Option):
    """An option that is on or off.

    Attributes:
        default: the value if not set.
    """

    default: bool = False

    def from_options(self, options: Options) -> bool:
        """Return the stored value; the default if there is none, or it is invalid."""
        chosen = self._chosen(options)
        return chosen if isinstance(chosen, bool) else self.default

    @override
    def check(self, value: Scalar) -> bool:
        if isinstance(value, bool):
            return value
        raise ConversionError(self.name, value, ("false", "true"))


@dataclass(frozen=True, slots=True)
class ChoiceOption(Option):
    """An option with a few choices.

    Attributes:
        values: the choices; the first one is the default.
    """

    _: KW_ONLY
    values: tuple[str, ...]

    @property
    def default(self) -> str:
        """The value if not set."""
        return self.values[0]

    def from_options(self, options: Options) -> str:
        """Return the stored value; the default if there is none, or it is invalid."""
        chosen = self._chosen(options)
        return chosen if isinstance(chosen, str) else self.default

    @override
    def check(self, value: Scalar) -> str:
        if isinstance(value, str) and value in self.values:
            return value
        raise ConversionError(self.name, value, self.values)


@dataclass(frozen=True, slots=True)
class NumberOption(Option):
    """An option that is a number.

    Attributes:
        default: the value if not set.
        minimum, maximum, step: limits, in `unit`.
        unit: the reading's unit, "%" for a percentage of it, None for a number of digits.
    """

    default: float
    minimum: float
    maximum: float
    step: float
    unit: str | None

    def from_options(self, options: Options) -> float:
        """Return the stored value; the default if there is none, or it is invalid."""
        chosen = self._chosen(options)
        return chosen if isinstance(chosen, int | float) else self.default

    @override
    def check(self, value: Scalar) -> float:
        if isinstance(value, int | float) and not isinstance(value, bool):
            found = number(value)
            if found is not None and self.minimum <= found <= self.maximum:
                return found
        raise ConversionError(self.name, value)


type AnyOption = FlagOption | ChoiceOption | NumberOption
"""The kinds of options; both views `match` on all of them."""


def is_correction(name: str) -> bool:
    """Whether an option of that name is a calibration or precision."""
    return name.endswith((CALIBRATION, PRECISION))


def options_of(properties: tuple[Property, ...]) -> Iterator[NumberOption]:
    """Yield calibration and precision of all readings; settable properties need none."""
    for row in properties:
        if not isinstance(row, Numeric) or row.settable or row.quantity.calibration is None:
            continue
        offset = row.quantity.calibration == "offset"
        unit = row.quantity.unit if offset else "%"
        decimals = row.usual_decimals or 0
        step = 0.1 if offset else 0.01
        yield NumberOption(row.calibration_option, 0, -100, 100, step, unit, enabled=False)
        yield NumberOption(
            row.precision_option, decimals, 0, max(3, decimals), 1, None, enabled=False
        )
