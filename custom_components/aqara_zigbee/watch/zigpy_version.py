"""The installed version of zigpy, and the tested ones.

Requirements are minimum versions: Home Assistant installs the zigpy that ZHA requires, which can be
newer than all tested ones.
"""

from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
import re

_ZHA = (
    "zha",
    "zha-quirks",
    "bellows",
    "zigpy-deconz",
    "zigpy-xbee",
    "zigpy-zigate",
    "zigpy-ziggurat",
)

KNOWN = ((2, 3), (2, 4))
"""Minor versions of zigpy that were tested."""


def installed() -> dict[str, str]:
    """Return the versions of the radio libraries. Reads files."""
    return {name: version(name) for name in ("zigpy", "zigpy-znp", "serialx")}


def tested() -> str:
    """Return the tested versions of zigpy as text: "2.3, 2.4"."""
    return ", ".join(f"{major}.{minor}" for major, minor in KNOWN)


def installed_for_zha() -> dict[str, str]:
    """The versions of ZHA and of its radio libraries, as far as they are installed. Reads files."""
    found: dict[str, str] = {}
    for name in _ZHA:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def is_newer_than_known(zigpy: str) -> bool:
    """Whether a version of zigpy is newer than the tested ones."""
    numbers = re.match(r"(\d+)\.(\d+)", zigpy)
    return numbers is not None and (int(numbers[1]), int(numbers[2])) > max(KNOWN)
