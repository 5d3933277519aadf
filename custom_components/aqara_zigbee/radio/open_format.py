"""The Open Coordinator Backup format of other programs, normalized before zigpy reads it.

Source: schema.json of zigpy/open-coordinator-backup, and the files that zigbee-herdsman writes. Its
numbers are hexadecimal without leading zeros (PAN id 0x0abc is "abc"), ``metadata.internal`` is
optional and may contain anything.
"""

from collections.abc import Iterator, Mapping
import re
from typing import Any

_OCTETS = {"pan_id": 2, "extended_pan_id": 8, "coordinator_ieee": 8}
_KEY_OCTETS = 16
_MOST_MISSING_KEY_DIGITS = 8
"""A key that lacks more digits is truncated: one of 2**32 random keys has so many leading zeros."""
_HEXADECIMAL = re.compile(r"[0-9a-fA-F]+")
_TIMES = ("date", "creation_time")


def variants(content: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the same network with less and less of the optional metadata.

    Args:
        content: an object of the open format.

    Yields:
        Objects that zigpy can read, if the network in them is valid.

    Raises:
        ArithmeticError, AttributeError, LookupError, TypeError, ValueError: a value is invalid.
    """
    plain = _uniform(content)
    internal = content["metadata"].get("internal")
    known = internal if isinstance(internal, dict) else {}
    times = {name: known[name] for name in _TIMES if isinstance(known.get(name), str)}
    for kept in (_uniform_internal(known), times, {}):
        yield {**plain, "metadata": {"source": "", **content["metadata"], "internal": kept}}


def _uniform(content: Mapping[str, Any]) -> dict[str, Any]:
    plain = dict(content)
    for name, octets in _OCTETS.items():
        plain[name] = _digits(content[name], octets)
    plain["network_key"] = {
        **content["network_key"],
        "key": _key(content["network_key"]["key"]),
    }
    devices = [_device(device) for device in content["devices"]]
    plain["devices"] = list({device["ieee_address"]: device for device in devices}.values())
    plain["stack_specific"] = _stack_specific(content.get("stack_specific"))
    return plain


def _device(device: Mapping[str, Any]) -> dict[str, Any]:
    address, key = device.get("nwk_address"), device.get("link_key")
    plain = dict(device)
    plain["ieee_address"] = _digits(device["ieee_address"], 8)
    plain["nwk_address"] = None if address is None else _digits(address, 2)
    if key is None:
        plain.pop("link_key", None)
    else:
        plain["link_key"] = {**key, "key": _key(key["key"])}
    return plain


def _stack_specific(stored: Any) -> dict[str, Any]:
    """Return the seed of Z-Stack; the data of other stacks is not used."""
    zstack = stored.get("zstack") if isinstance(stored, dict) else None
    seed = zstack.get("tclk_seed") if isinstance(zstack, dict) else None
    return {} if seed is None else {"zstack": {"tclk_seed": _key(seed)}}


def _uniform_internal(internal: Mapping[str, Any]) -> dict[str, Any]:
    """Return zigpy's own metadata, with leading zeros added to its numbers, too."""
    plain = dict(internal)
    widths = {
        "node": {"ieee": 8, "nwk": 2},
        "network": {"tc_address": 8, "nwk_manager": 2},
    }
    for name, fields in widths.items():
        if isinstance(part := internal.get(name), dict):
            numbers = {
                field: _padded(part[field], octets)
                for field, octets in fields.items()
                if field in part
            }
            plain[name] = {**part, **numbers}
    if isinstance(sequences := internal.get("link_key_seqs"), dict):
        plain["link_key_seqs"] = {_padded(ieee, 8): seq for ieee, seq in sequences.items()}
    return plain


def _padded(text: Any, octets: int) -> Any:
    return text.zfill(2 * octets) if isinstance(text, str) and text else text


def _key(text: Any) -> str:
    if not isinstance(text, str) or len(text) < 2 * _KEY_OCTETS - _MOST_MISSING_KEY_DIGITS:
        raise ValueError("too short")
    return _digits(text, _KEY_OCTETS)


def _digits(text: Any, octets: int) -> str:
    """Return a hexadecimal number with its leading zeros.

    Raises:
        TypeError, ValueError: it is not a number, or too long.
    """
    if not isinstance(text, str):
        raise TypeError("not hexadecimal")
    if not _HEXADECIMAL.fullmatch(text):
        raise ValueError("not hexadecimal")
    return int(text, 16).to_bytes(octets).hex()
