"""Validation of networks: read from a file, completed, and checked before they are written."""

from collections.abc import Iterator
from datetime import UTC
import json
from typing import Any

from zigpy.backups import NetworkBackup
import zigpy.types as t

from .addresses import is_device_address
from .open_format import variants

_FULL_SECURITY = 5
MOST_COUNTER = 0xFFFFFFFF

_IMPOSSIBLE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
    RecursionError,
)
"""Exceptions of zigpy for an invalid network."""


def first_possible(content: dict[str, Any]) -> NetworkBackup | None:
    """Return the network in an object of a known format; None if it is invalid."""
    try:
        candidates = variants(content) if "metadata" in content else iter((content,))
        for candidate in candidates:
            if (network := _read(candidate)) is not None:
                return network
    except _IMPOSSIBLE:
        return None
    return None


def _read(content: dict[str, Any]) -> NetworkBackup | None:
    try:
        network = NetworkBackup.from_dict(content)
        # Converted to text and back: what fails here could not be stored either.
        network = NetworkBackup.from_dict(json.loads(json.dumps(network.as_dict())))
        _complete(network)
        _check(network)
    except _IMPOSSIBLE:
        return None
    return network


def is_possible(network: NetworkBackup) -> bool:
    """Whether a network can be written to a coordinator."""
    try:
        _check(network)
    except _IMPOSSIBLE:
        return False
    return True


def _complete(network: NetworkBackup) -> None:
    """Add values that some programs omit, and remove duplicates."""
    info = network.network_info
    info.key_table = list({key.partner_ieee: key for key in info.key_table}.values())
    info.children = list(dict.fromkeys(info.children))
    info.nwk_addresses = {
        ieee: nwk for ieee, nwk in info.nwk_addresses.items() if is_device_address(nwk)
    }
    if not network.network_info.security_level:  # null in some files of Zigbee2MQTT
        network.network_info.security_level = t.uint8_t(_FULL_SECURITY)
    if not network.network_info.channel_mask:
        channel = int(network.network_info.channel)
        network.network_info.channel_mask = t.Channels(1 << channel)
    if network.backup_time.tzinfo is None:
        network.backup_time = network.backup_time.replace(tzinfo=UTC)


def _check(network: NetworkBackup) -> None:
    """Check every value that a coordinator would reject during a restore.

    Raises:
        ValueError: one is invalid.
    """
    info = network.network_info
    if not network.is_complete():
        raise ValueError("incomplete")
    names = (info.network_key.key, info.extended_pan_id, network.node_info.ieee)
    if any(not any(name.serialize()) for name in names):
        raise ValueError("all zero")
    seed = info.stack_specific.get("zstack", {}).get("tclk_seed")
    if seed is not None and len(bytes.fromhex(seed)) != t.KeyData._length:  # noqa: SLF001
        raise ValueError("seed")
    if any(isinstance(value, bool) for value in _plain_numbers(network)):
        raise ValueError("no number")
    octets = (info.nwk_update_id, info.security_level, info.network_key.seq)
    counters = [
        counter
        for key in (info.network_key, *info.key_table)
        for counter in (key.tx_counter, key.rx_counter)
    ]
    for value, most in [
        *((octet, 0xFF) for octet in octets),
        *((c, MOST_COUNTER) for c in counters),
    ]:
        if not isinstance(value, int) or not 0 <= value <= most:
            raise ValueError("out of range")


def _plain_numbers(network: NetworkBackup) -> Iterator[object]:
    """Yield values that may be booleans in JSON, which are numbers in Python."""
    info: Any = network.network_info
    yield from (info.channel, info.nwk_update_id, info.security_level)
    for key in (info.network_key, *info.key_table):
        yield from (key.seq, key.tx_counter, key.rx_counter)
