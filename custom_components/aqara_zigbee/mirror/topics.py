"""Topics under the base topic: which there are, and what an incoming one asks for."""

from dataclasses import dataclass
import re
from typing import Literal

MOST_LEVELS = 5
"""Levels of a device's name; a command's topic may have one more for the endpoint."""

LONGEST_NAME = 200
"""Octets of UTF-8. MQTT would allow 65 535 for the whole topic; nobody reads such names."""

_VERBS = ("set", "get")
_RESERVED = {"set", "get", "availability", "action"}
_WILDCARDS = "+#"
_ENDPOINT = re.compile(r"\d+|l\d")

type Verb = Literal["set", "get"]


@dataclass(frozen=True, slots=True)
class Command:
    """A message to a device.

    Attributes:
        path: levels of its name, the last of which may be an endpoint.
        verb: what is to be done.
        attribute: the one property that is meant, if the topic names it.
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
    """What some bridge says: ``info``, ``state`` or ``response/health_check``."""

    name: str


type Incoming = Command | Request | Notice


class Topics:
    """The topics under one base topic."""

    def __init__(self, base: str) -> None:
        self.base = base
        self._prefix = f"{base}/"

    def bridge(self, name: str) -> str:
        """A topic of the bridge."""
        return f"{self.base}/bridge/{name}"

    def device(self, name: str, *rest: str) -> str:
        """A topic of the device of that friendly name."""
        return "/".join((self.base, name, *rest))

    def retained(self, name: str) -> tuple[str, ...]:
        """The topics of a device on which a broker may retain something."""
        return self.device(name), self.device(name, "availability")

    @property
    def filters(self) -> tuple[str, ...]:
        """What to subscribe to. No topic that we publish devices on is among it."""
        commands = (
            self.device("/".join("+" * levels), verb, "#")
            for levels in range(1, MOST_LEVELS + 2)
            for verb in _VERBS
        )
        bridge = ("info", "state", "response/health_check", "request/#")
        return (*map(self.bridge, bridge), *commands)

    def read(self, topic: str) -> Incoming | None:
        """What a topic asks for; None for one that is not for us."""
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
                return Command(tuple(path), verb)
            case [*path, "set" | "get" as verb, attribute] if path:
                return Command(tuple(path), verb, attribute)
            case _:
                return None


def problem_with(base: str) -> str | None:
    """Why a base topic will not do, as a key of a text; None if it will."""
    levels = base.split("/")
    if not all(levels) or base != base.strip() or base.startswith("$"):
        return "topic_empty_level"
    if not all(_is_character(char) and char not in _WILDCARDS for char in base):
        return "topic_characters"
    if len(base.encode()) > LONGEST_NAME:
        return "topic_too_long"
    return None


def topic_name(name: str) -> str | None:
    """A device's name as a part of a topic, such that it can be no other topic of ours.

    A broker ends the connection of who publishes to a topic with forbidden characters; that would
    be Home Assistant's own.

    Returns:
        None where nothing is left of it.
    """
    text = "".join("_" if char in _WILDCARDS else char for char in name if _is_character(char))
    levels = [level for part in text.split("/") if (level := part.strip())]
    levels = [_tame(level, index, len(levels)) for index, level in enumerate(levels)]
    if len(levels) > MOST_LEVELS:
        levels = [*levels[: MOST_LEVELS - 1], "_".join(levels[MOST_LEVELS - 1 :])]
    short = "/".join(levels).encode()[:LONGEST_NAME].decode(errors="ignore").strip("/ ")
    return short or None


def _is_character(char: str) -> bool:
    """Neither a control nor a surrogate, nor what Unicode says is no character (MQTT 5, 1.5.4)."""
    number = ord(char)
    noncharacter = number & 0xFFFE == 0xFFFE or 0xFDD0 <= number <= 0xFDEF
    control = number < 0x20 or 0x7F <= number < 0xA0
    return not (control or noncharacter or 0xD800 <= number <= 0xDFFF)


def _tame(level: str, index: int, levels: int) -> str:
    """Give way where a level means something: verbs, the bridge, and endpoints at the end."""
    is_last = index == levels - 1
    is_endpoint = is_last and index and _ENDPOINT.fullmatch(level)
    is_bridge = index == 0 and level == "bridge"
    return f"{level}_" if level in _RESERVED or is_bridge or is_endpoint else level
