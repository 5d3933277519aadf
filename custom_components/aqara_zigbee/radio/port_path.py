"""Port paths as people and other programs write them."""

from ipaddress import IPv6Address
import re

DEFAULT_PORT = 6638
"""The TCP port of coordinators on the network, as sold (SLZB, UZG, XZG, TubesZB)."""

_HOST_AND_PORT = re.compile(r"(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9][A-Za-z0-9.-]*):\d{1,5}")
_HOST = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}|[A-Za-z0-9-]+\.local")


def complete(path: str) -> str:
    """Return a path with a missing scheme and TCP port added; others unchanged.

    Args:
        path: a device path, or an address with or without ``tcp://`` or ``socket://``.
    """
    text = path.strip()
    scheme, separator, address = text.partition("://")
    if not separator:
        scheme, address = "", text
    if scheme.lower() not in ("", "tcp", "socket"):
        return text
    if not text.startswith("/"):
        address = address.rstrip("/")
    if _is_ipv6(address):
        return f"socket://[{address.strip('[]')}]:{DEFAULT_PORT}"
    if _HOST_AND_PORT.fullmatch(address):
        return f"socket://{address}"
    if _HOST.fullmatch(address) or (separator and address and ":" not in address):
        return f"socket://{address}:{DEFAULT_PORT}"
    return f"socket://{address}" if separator else text


def _is_ipv6(address: str) -> bool:
    """Whether this is an IPv6 address without a TCP port, in brackets or not."""
    if address.startswith("[") and address.endswith("]"):
        address = address[1:-1]
    try:
        IPv6Address(address)
    except ValueError:
        return False
    return True


def is_discovered(path: str) -> bool:
    """Whether a path is a kind of coordinator to discover, as Zigbee2MQTT's ``mdns://slzb-06``.

    The name is that of a service and not of a host, so it has no address.
    """
    return path.strip().lower().startswith("mdns://")
