"""A device's node, stored with its states in case the network's own database is lost."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from .limits import is_text
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
