"""What can be set: of the mirror as a whole, and of how one device speaks."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
import re
from typing import Any, Literal, Self, get_args

type LastSeen = Literal["disable", "ISO_8601", "ISO_8601_local", "epoch"]
type Level = Literal["error", "warning", "info", "debug"]

LAST_SEEN: tuple[str, ...] = get_args(LastSeen.__value__)
LEVELS: tuple[str, ...] = get_args(Level.__value__)

BASE_TOPIC = "zigbee2mqtt"


@dataclass(frozen=True, slots=True)
class Settings:
    """The mirror's own settings.

    Attributes:
        base_topic: what all topics begin with.
        last_seen: the form in which states tell when the device was heard last.
        elapsed: whether they tell the milliseconds since its message before.
        cache_state: whether they carry all that is known, or only what is new.
        include_device: whether they carry a description of the device.
        action_topic: whether actions are also sent as plain text to ``<name>/action``.
        action_reset: whether each action is followed by an empty one.
        plain_availability: whether availability is plain text, as before Zigbee2MQTT 2.
        permit_join: whether the network may be opened by MQTT.
        log_level: from which level on ``bridge/logging`` tells what happens.
    """

    base_topic: str = BASE_TOPIC
    last_seen: LastSeen = "disable"
    elapsed: bool = False
    cache_state: bool = True
    include_device: bool = False
    action_topic: bool = True
    action_reset: bool = False
    plain_availability: bool = False
    permit_join: bool = True
    log_level: Level = "info"

    def as_dict(self) -> dict[str, Any]:
        """As it is stored."""
        return asdict(self)

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Self:
        """From what was stored, which may hold more or less."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in stored.items() if name in known})


# Options of one device

MOST_SECONDS = 3600.0
LONGEST_TEXT = 1000
MOST_NAMES = 50
LONGEST_PATTERN = 60
MOST_REPETITIONS = 3


class SettingError(ValueError):
    """A value that an option cannot have."""


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise SettingError("must be a boolean")


def _seconds(value: object) -> float:
    if (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and 0 <= value <= MOST_SECONDS
    ):
        return value
    raise SettingError(f"must be a number of seconds, {MOST_SECONDS:.0f} at most")


def _qos(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 2:
        return value
    raise SettingError("must be 0, 1 or 2")


def _text(value: object) -> str:
    if isinstance(value, str) and len(value) <= LONGEST_TEXT:
        return value
    raise SettingError(f"must be a text of at most {LONGEST_TEXT} characters")


def _names(value: object) -> list[str]:
    if isinstance(value, list) and len(value) <= MOST_NAMES:
        return [_text(name) for name in value]
    raise SettingError(f"must be a list of at most {MOST_NAMES} texts")


def _patterns(value: object) -> list[str]:
    names = _names(value)
    for name in names:
        _compile(name)
    return names


def _compile(pattern: str) -> re.Pattern[str]:
    """A regular expression that cannot run for long, whatever it is matched with.

    Python's matcher has no time limit, and who may publish may set it: so no repetition of groups,
    no look-around, and few repetitions at all.

    Raises:
        SettingError: it is none, or none of these.
    """
    if len(pattern) > LONGEST_PATTERN:
        raise SettingError(f"'{pattern[:20]}…' is too long")
    if re.search(r"\)\s*[*+?{]|\(\?|\\\d|\{", pattern):
        raise SettingError(f"'{pattern}' repeats a group, looks around or refers back")
    if len(re.findall(r"[*+?]", pattern)) > MOST_REPETITIONS:
        raise SettingError(f"'{pattern}' has more than {MOST_REPETITIONS} repetitions")
    try:
        return re.compile(pattern)
    except re.error as error:
        raise SettingError(f"'{pattern}' is no regular expression: {error}") from error


CHECKS: Mapping[str, Callable[[object], Any]] = {
    "debounce": _seconds,
    "debounce_ignore": _names,
    "description": _text,
    "filtered_attributes": _patterns,
    "filtered_cache": _patterns,
    "filtered_optimistic": _patterns,
    "legacy": _boolean,
    "optimistic": _boolean,
    "qos": _qos,
    "retain": _boolean,
    "state_action": _boolean,
    "throttle": _seconds,
}
"""Options of a device that concern only its messages, and what they can be."""


class Filter:
    """Names that match one of several patterns as a whole."""

    def __init__(self, patterns: list[str]) -> None:
        self._patterns = [_compile(pattern) for pattern in patterns]

    def __call__(self, name: str) -> bool:
        """Whether a name is meant."""
        return any(pattern.fullmatch(name) for pattern in self._patterns)


@dataclass(frozen=True, slots=True)
class DeviceSettings:
    """How one device speaks; names and meanings are Zigbee2MQTT's (contract 6.2)."""

    debounce: float
    debounce_ignore: tuple[str, ...]
    throttle: float
    filtered_attributes: Filter
    filtered_cache: Filter
    filtered_optimistic: Filter
    legacy: bool
    optimistic: bool
    qos: int
    retain: bool
    state_action: bool

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self:
        """From a device's options; what they cannot be is as if it was not there."""
        get = _Valid(options)
        return cls(
            debounce=get("debounce", 0.0),
            debounce_ignore=tuple(get("debounce_ignore", [])),
            throttle=get("throttle", 0.0),
            filtered_attributes=Filter(get("filtered_attributes", [])),
            filtered_cache=Filter(get("filtered_cache", [])),
            filtered_optimistic=Filter(get("filtered_optimistic", [])),
            legacy=get("legacy", True),
            optimistic=get("optimistic", True),
            qos=get("qos", 0),
            retain=get("retain", False),
            state_action=get("state_action", False),
        )


class _Valid:
    """Options that are what they can be."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._options = options

    def __call__[T](self, name: str, default: T) -> T:
        value = self._options.get(name)
        try:
            return default if value is None else CHECKS[name](value)
        except SettingError:
            return default
