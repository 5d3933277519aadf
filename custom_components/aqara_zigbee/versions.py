"""Which zigpy runs, and which ones this integration was tried with.

Requirements are floors: Home Assistant brings the zigpy that ZHA wants, and it can be newer than
anything that existed when this was written.
"""

from importlib.metadata import version
import re

KNOWN = ((2, 3), (2, 4))
"""Minor versions of zigpy that all tests have run with."""


def installed() -> dict[str, str]:
    """Versions of the libraries that drive the radio. Reads files."""
    return {name: version(name) for name in ("zigpy", "zigpy-znp", "serialx")}


def is_newer_than_known(zigpy: str) -> bool:
    """Whether a version of zigpy is one that nobody has tried this with."""
    numbers = re.match(r"(\d+)\.(\d+)", zigpy)
    return numbers is not None and (int(numbers[1]), int(numbers[2])) > max(KNOWN)
