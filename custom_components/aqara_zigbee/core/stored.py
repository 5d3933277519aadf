"""A device's stored data, and the part of it that is valid.

A file can be damaged, edited by hand, or written by another version. Only invalid values are lost. The
node is stored, too, in case the network's own database is lost.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any, Self

from .definition import Definition
from .errors import ConversionError
from .firmware import TEXTS, BasicInfo, Firmware
from .limits import is_moment, is_text, problem_with
from .property import Scalar
from .radio import Endpoint, Ieee, Node

_NUMBERS = ("manufacturer_code", "logical_type", "mac_capabilities")
_TEXTS = ("model", "manufacturer")


def node_as_dict(node: Node) -> dict[str, Any]:
    """Return a node as JSON."""
    return {
        **{name: getattr(node, name) for name in ("nwk", "is_complete", *_NUMBERS, *_TEXTS)},
        "endpoints": {str(number): asdict(each) for number, each in node.endpoints.items()},
    }


def node_from(ieee: Ieee, nwk: int, stored: object) -> Node:
    """Return a stored node; if it is invalid, one that has to be interviewed.

    Args:
        ieee: the device.
        nwk: its current network address.
        stored: anything that JSON can carry.
    """
    if not isinstance(stored, Mapping) or stored.get("is_complete") is not True:
        return Node(ieee, nwk)
    endpoints = stored.get("endpoints")
    if not is_text(stored.get("model")) or not isinstance(endpoints, Mapping):
        return Node(ieee, nwk)
    numbers = {name: stored[name] for name in _NUMBERS if _is_number(stored.get(name))}
    texts = {name: stored[name] for name in _TEXTS if is_text(stored.get(name))}
    described = {
        int(number): _endpoint(each)
        for number, each in endpoints.items()
        if number.isascii() and number.isdigit() and 0 < int(number) < 255
    }
    return Node(ieee, nwk, is_complete=True, endpoints=described, **numbers, **texts)


def _is_number(value: object) -> bool:
    return type(value) is int and 0 <= value <= 0xFFFF


def _endpoint(stored: object) -> Endpoint:
    if not isinstance(stored, Mapping):
        return Endpoint()
    profile, device_type = (
        stored[name] if _is_number(stored.get(name)) else None
        for name in ("profile", "device_type")
    )
    return Endpoint(profile, device_type, _clusters(stored, "inputs"), _clusters(stored, "outputs"))


def _clusters(stored: Mapping[str, Any], name: str) -> tuple[int, ...]:
    found = stored.get(name)
    return tuple(filter(_is_number, found)) if isinstance(found, list | tuple) else ()


type CheckOption = Callable[[str, Any], Any]


@dataclass(slots=True)
class StoredState:
    """The valid data.

    Attributes:
        state, pending, unconfirmed, options, about, last_seen: as in `device.Device`.
        firmware: its firmware, None if unknown.
        unusable: names of dropped values.
    """

    state: dict[str, Scalar] = field(default_factory=dict)
    pending: dict[str, Scalar] = field(default_factory=dict)
    unconfirmed: list[int] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)
    about: BasicInfo = field(default_factory=BasicInfo)
    firmware: Firmware | None = None
    last_seen: datetime | None = None
    unusable: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, stored: object, definition: Definition | None, check_option: CheckOption) -> Self:
        """Read the data of `Device.as_dict`.

        Args:
            stored: any JSON value.
            definition: the device's definition; None if its model is unknown.
            check_option: returns an option's value or raises ConversionError.
        """
        found = cls()
        content = found._mapping(stored, "content")
        for name, value in found._members(content, "state"):
            if definition is not None and name in definition:
                found._take(found.state, name, value, is_value=definition[name].accepts(value))
        for name, value in found._members(content, "pending"):
            found._take(found.pending, name, value, is_value=_is_scalar(value))
        found._read_unconfirmed(content.get("unconfirmed", []), definition)
        for name, value in found._members(content, "options"):
            found._take_option(name, value, check_option)
        found._read_make(content)
        return found

    def _mapping(self, value: object, name: str) -> Mapping[str, Any]:
        if isinstance(value, Mapping):
            return value
        if value is not None:
            self.unusable.append(name)
        return {}

    def _members(self, content: Mapping[str, Any], name: str) -> list[tuple[str, Any]]:
        members = self._mapping(content.get(name), name)
        usable = [(key, value) for key, value in members.items() if is_text(key)]
        if len(usable) < len(members):
            self.unusable.append(f"name in {name}")
        return usable

    def _take(self, target: dict[str, Scalar], name: str, value: Scalar, *, is_value: bool) -> None:
        if is_value:
            target[name] = value
        else:
            self.unusable.append(name)

    def _take_option(self, name: str, value: Any, check_option: CheckOption) -> None:
        try:
            checked = check_option(name, value)
        except ConversionError:
            self.unusable.append(name)
        else:
            if checked is not None:
                self.options[name] = checked

    def _read_unconfirmed(self, stored: object, definition: Definition | None) -> None:
        known = range(len(definition.on_join)) if definition is not None else range(0)
        if isinstance(stored, list) and all(type(index) is int for index in stored):
            self.unconfirmed = [index for index in dict.fromkeys(stored) if index in known]
        else:
            self.unusable.append("unconfirmed")

    def _read_make(self, content: Mapping[str, Any]) -> None:
        for name, value in self._members(content, "about"):
            if value is None:
                continue
            kind = str if name in TEXTS else int
            if (
                name in BasicInfo.ATTRIBUTES.values()
                and isinstance(value, kind)
                and _is_scalar(value)
            ):
                setattr(self.about, name, value)
            else:
                self.unusable.append(name)
        self.firmware = self._firmware(self._mapping(content.get("firmware"), "firmware"))
        match content.get("last_seen"):
            case str(text) if is_moment(text):
                self.last_seen = datetime.fromisoformat(text)
            case None:
                pass
            case _:
                self.unusable.append("last_seen")

    def _firmware(self, stored: Mapping[str, Any]) -> Firmware | None:
        values = {each.name: stored.get(each.name) for each in fields(Firmware)}
        numbers = {name: value for name, value in values.items() if type(value) is int}
        if stored and numbers.keys() | {"hardware"} != values.keys():
            self.unusable.append("firmware")
            return None
        return Firmware(**numbers) if stored else None


def _is_scalar(value: object) -> bool:
    return isinstance(value, bool | int | float | str | None) and problem_with(value) is None
