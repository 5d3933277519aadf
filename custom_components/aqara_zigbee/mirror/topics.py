"""Topics below the base topic, and the meaning of incoming ones (protocol 6.1)."""

from dataclasses import dataclass
import re
from typing import Literal

MOST_LEVELS = 5
"""Maximum levels of a device's name; a command's topic may have one more for the endpoint."""

LONGEST_NAME = 200
"""Maximum octets of a name in UTF-8; MQTT allows 65 535 for the whole topic."""

_VERBS = ("set", "get")
_RESERVED = {"set", "get", "availability", "action"}
_WILDCARDS = "+#"
_ENDPOINT = re.compile(r"\d+|l\d")

type Verb = Literal["set", "get"]


@dataclass(frozen=True, slots=True)
class DeviceCommand:
    """A message to a device.

    Attributes:
        path: levels of its name, the last of which may be an endpoint.
        verb: the command.
        attribute: the property in the topic, if any.
    """

    path: tuple[str, ...]
    verb: Verb
    attribute: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """A message to the bridge, such as ``device/rename``."""

    name: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A bridge's message: ``info``, ``state`` or ``response/health_check``."""

    name: str


type Incoming = DeviceCommand | Request | Notice


class Topics:
    """The topics under one base topic."""

    def __init__(self, base: str) -> None:
        self.base = base
        self._prefix = f"{base}/"

    def bridge(self, name: str) -> str:
        """Return a topic of the bridge."""
        return f"{self.base}/bridge/{name}"

    def device(self, name: str, *rest: str) -> str:
        """Return a topic of the device with that friendly name."""
        return "/".join((self.base, name, *rest))

    def retained(self, name: str) -> tuple[str, ...]:
        """Return the topics of a device that may have retained messages."""
        return self.device(name), self.device(name, "availability")

    @property
    def filters(self) -> tuple[str, ...]:
        """The topics to subscribe to; devices are not published on any of them."""
        commands = (
            self.device("/".join("+" * levels), verb, "#")
            for levels in range(1, MOST_LEVELS + 2)
            for verb in _VERBS
        )
        bridge = ("info", "state", "response/health_check", "request/#")
        return (*map(self.bridge, bridge), *commands)

    def read(self, topic: str) -> Incoming | None:
        """Return the meaning of a topic; None for other topics."""
        if not topic.startswith(self._prefix):
            return None
        match topic.removeprefix(self._prefix).split("/"):
            case ["bridge", "info" | "state" as name]:
                return Notice(name)
            case ["bridge", "response", "health_check"]:
                return Notice("response/health_check")
            case ["bridge", "request", *rest] if rest:
                return Request("/".join(rest))
            case ["bridge", *_]:
                return None
            case [*path, "set" | "get" as verb] if path:
                return DeviceCommand(tuple(path), verb)
            case [*path, "set" | "get" as verb, attribute] if path:
                return DeviceCommand(tuple(path), verb, attribute)
            case _:
                return None


def problem_with(base: str) -> str | None:
    """Return the key of the error text for an invalid base topic; None if it is valid."""
    levels = base.split("/")
    if not all(levels) or base != base.strip() or base.startswith("$"):
        return "topic_empty_level"
    if not all(_is_character(char) and char not in _WILDCARDS for char in base):
        return "topic_characters"
    if len(base.encode()) > LONGEST_NAME:
        return "topic_too_long"
    return None


def is_publishable(name: str) -> bool:
    """Whether a received topic part can be used in a published topic."""
    return len(name.encode()) <= LONGEST_NAME and all(map(_is_character, name))


def topic_name(name: str) -> str | None:
    """Return a device's name as part of a topic that is no other topic of the mirror.

    A broker closes the connection of a client that publishes to a topic with forbidden characters;
    this would be Home Assistant's own.

    Returns:
        None if nothing remains.
    """
    text = "".join("_" if char in _WILDCARDS else char for char in name if _is_character(char))
    levels = [level for part in text.split("/") if (level := part.strip())]
    levels = [_tame(level, index, len(levels)) for index, level in enumerate(levels)]
    if len(levels) > MOST_LEVELS:
        levels = [*levels[: MOST_LEVELS - 1], "_".join(levels[MOST_LEVELS - 1 :])]
    short = "/".join(levels).encode()[:LONGEST_NAME].decode(errors="ignore").strip("/ ")
    return short or None


def _is_character(char: str) -> bool:
    """Whether it is not a control, surrogate or noncharacter (MQTT 5, 1.5.4)."""
    number = ord(char)
    noncharacter = number & 0xFFFE == 0xFFFE or 0xFDD0 <= number <= 0xFDEF
    control = number < 0x20 or 0x7F <= number < 0xA0
    return not (control or noncharacter or 0xD800 <= number <= 0xDFFF)


def _tame(level: str, index: int, levels: int) -> str:
    """Change a level that has a meaning: verbs, the bridge, and endpoints at the end."""
    is_last = index == levels - 1
    is_endpoint = is_last and index and _ENDPOINT.fullmatch(level)
    is_bridge = index == 0 and level == "bridge"
    return f"{level}_" if level in _RESERVED or is_bridge or is_endpoint else level
