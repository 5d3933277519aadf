"""Settings of the mirror, and options of the messages of one device."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
import re
from typing import Any, Literal, Self, get_args

from ..core.definition import Definition
from ..core.device import Device
from ..core.errors import ConversionError
from ..core.limits import LONGEST_TEXT, is_number, is_text, problem_with
from ..core.property import Property, Shown

type LastSeen = Literal["disable", "ISO_8601", "ISO_8601_local", "epoch"]
type Level = Literal["error", "warning", "info", "debug"]

LAST_SEEN: tuple[str, ...] = get_args(LastSeen.__value__)
LEVELS: tuple[str, ...] = get_args(Level.__value__)

BASE_TOPIC = "zigbee2mqtt"


@dataclass(frozen=True, slots=True)
class Settings:
    """The mirror's own settings.

    Attributes:
        base_topic: the first levels of all topics.
        last_seen: the format of the time of the last message in states.
        elapsed: whether states have the milliseconds since the previous message.
        cache_state: whether states have all known values, or only new ones.
        include_device: whether states have a description of the device.
        null_values: whether states have null for exposed values that are unknown.
        action_topic: whether actions are also sent as plain text to ``<name>/action``.
        action_reset: whether each action is followed by an empty one.
        plain_availability: whether availability is plain text, as before Zigbee2MQTT 2.
        permit_join: whether joins can be permitted by MQTT.
        log_level: the minimum level of ``bridge/logging``.
    """

    base_topic: str = BASE_TOPIC
    last_seen: LastSeen = "disable"
    elapsed: bool = False
    cache_state: bool = True
    include_device: bool = False
    null_values: bool = False
    action_topic: bool = True
    action_reset: bool = False
    plain_availability: bool = False
    permit_join: bool = True
    log_level: Level = "info"

    def as_dict(self) -> dict[str, Any]:
        """Return the settings for storage."""
        return asdict(self)

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Self:
        """Create settings from storage, which may have more or fewer keys."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in stored.items() if name in known})


# Options of one device

MOST_SECONDS = 3600.0
MOST_NAMES = 50
LONGEST_PATTERN = 60
MOST_REPETITIONS = 3


OTHERS = "other_options"
"""Device option: options of other programs set by MQTT, by name."""

MOST_OTHERS = 50
LONGEST_OTHERS = 8192
"""Maximum size of their names and JSON per device; anyone who may publish can set them."""

NO_OPTIONS = frozenset({"friendly_name", "friendlyName", "ID", "type", "devices"})
"""Names that Zigbee2MQTT silently ignores."""


LEGACY = "legacy"
"""Device option: whether messages carry the locks' older keys (protocol 1.4)."""

STATE_ACTION = "state_action"
"""Device option: whether a changed contact is published as an action, too."""

DESCRIPTION, DISABLED, ICON, RETAIN = "description", "disabled", "icon", "retain"


def is_older_key(row: Property) -> bool:
    """Whether it is one of the locks' older keys: rows that only messages carry."""
    return row.shown is Shown.PAYLOAD


def has_older_keys(definition: Definition) -> bool:
    """Whether `LEGACY` changes anything in a model's messages."""
    return any(map(is_older_key, definition.properties))


class SettingError(ValueError):
    """The value is invalid for an option."""


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
    if is_text(value):
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
    """Return a regular expression that cannot run for long on any text.

    Python's matcher has no time limit, and anyone who may publish can set it: so no repeated
    groups, no look-around, and few repetitions.

    Raises:
        SettingError: it is not a regular expression, or one that is not allowed.
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
        raise SettingError(f"'{pattern}' is not a regular expression: {error}") from error


def _number(value: object) -> int | float:
    if is_number(value) and not isinstance(value, bool):
        return value
    raise SettingError("must be a number")


def _object(value: object) -> dict[str, Any]:
    if isinstance(value, dict) and (problem := problem_with(value)) is None:
        return value
    raise SettingError(f"must be an object{f': {problem}' if isinstance(value, dict) else ''}")


WITHOUT_EFFECT: Mapping[str, Callable[[object], Any]] = {
    "disable_automatic_update_check": _boolean,
    DISABLED: _boolean,
    "homeassistant": _object,
    ICON: _text,
    "retention": _number,
}
"""Options of a device in Zigbee2MQTT 2.14.1 that are only stored and shown here."""

CHECKS: Mapping[str, Callable[[object], Any]] = {
    **WITHOUT_EFFECT,
    "debounce": _seconds,
    "debounce_ignore": _names,
    DESCRIPTION: _text,
    "filtered_attributes": _patterns,
    "filtered_cache": _patterns,
    "filtered_optimistic": _patterns,
    LEGACY: _boolean,
    "optimistic": _boolean,
    "qos": _qos,
    RETAIN: _boolean,
    STATE_ACTION: _boolean,
    "throttle": _seconds,
}
"""Options that concern only a device's messages, with their validators."""


def merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Return options with changes; objects are merged, null removes a key.

    Source: observed on Zigbee2MQTT 2.14.1.
    """
    result = dict(old)
    for name, value in new.items():
        if isinstance(value, dict):
            known = result.get(name)
            result[name] = merged(known if isinstance(known, dict) else {}, value)
        elif value is None:
            result.pop(name, None)
        else:
            result[name] = value
    return result


class Filter:
    """Names that match one of several patterns completely."""

    def __init__(self, patterns: list[str]) -> None:
        self._patterns = [_compile(pattern) for pattern in patterns]

    def __call__(self, name: str) -> bool:
        """Whether a name matches."""
        return any(pattern.fullmatch(name) for pattern in self._patterns)


@dataclass(frozen=True, slots=True)
class DeviceSettings:
    """Options of one device's messages; names and meanings are Zigbee2MQTT's (protocol 6.2)."""

    debounce: float
    debounce_ignore: tuple[str, ...]
    description: str | None
    disabled: bool
    throttle: float
    filtered_attributes: Filter
    filtered_cache: Filter
    filtered_optimistic: Filter
    icon: str | None
    legacy: bool
    optimistic: bool
    qos: int
    retain: bool
    state_action: bool

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self:
        """Create them from a device's options; invalid ones are ignored."""
        get = _Valid(options)
        return cls(
            debounce=get("debounce", 0.0),
            debounce_ignore=tuple(get("debounce_ignore", [])),
            description=get(DESCRIPTION, None),
            disabled=get(DISABLED, False),
            throttle=get("throttle", 0.0),
            filtered_attributes=Filter(get("filtered_attributes", [])),
            filtered_cache=Filter(get("filtered_cache", [])),
            filtered_optimistic=Filter(get("filtered_optimistic", [])),
            icon=get(ICON, None),
            legacy=get(LEGACY, True),
            optimistic=get("optimistic", True),
            qos=get("qos", 0),
            retain=get(RETAIN, False),
            state_action=get(STATE_ACTION, False),
        )


def options_of(device: Device) -> dict[str, Any]:
    """Return a device's options in Zigbee2MQTT's terms, without those that are not set or invalid."""
    ours = {
        name: value
        for name, value in device.options.items()
        if value is not None and (check := check_of(device, name)) and _passes(check, value)
    }
    return dict(sorted({**others_in(device.options), **ours}.items()))


def check_of(device: Device, name: str) -> Callable[[Any], Any] | None:
    """Return the validator of an option; None if it is unknown."""
    option = device.definition.option(name) if device.definition else None
    return option.check if option else CHECKS.get(name)


def _passes(check: Callable[[Any], Any], value: object) -> bool:
    try:
        check(value)
    except SettingError, ConversionError:
        return False
    return True


def others_in(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of other programs, by name."""
    others = options.get(OTHERS)
    return dict(others) if isinstance(others, Mapping) else {}


def others_as_option(others: Mapping[str, Any]) -> dict[str, Any]:
    """Return them as a device's option; without any the option is removed."""
    return {OTHERS: dict(others) or None}


def retains_no_more(changes: Mapping[str, Any]) -> bool:
    """Return whether changed options end the retaining of a device's messages."""
    return changes.get(RETAIN, True) in (False, None)


class _Valid:
    """Options that are valid."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._options = options

    def __call__[T](self, name: str, default: T) -> T:
        value = self._options.get(name)
        try:
            return default if value is None else CHECKS[name](value)
        except SettingError:
            return default
