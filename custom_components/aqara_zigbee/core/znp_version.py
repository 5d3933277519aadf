"""Versions of coordinators' firmware."""

import re

OLDEST_GOOD = 20210708
"""Older Z-Stack 3 firmware permits joins through a router only while the coordinator itself permits
them, too (Z-Stack-firmware efac5ee, named by zigpy-znp's `permit`)."""

_Z_STACK_3 = re.compile(r"Z-Stack (?:3\S* )?(\d+)$")
"""zigpy-znp's names: ``Z-Stack 20230507`` since 3.30, ``Z-Stack 3.0.x 20190425`` before."""


def build(firmware: str) -> int | None:
    """Return the build date of a Z-Stack 3 as a number, from the coordinator's version.

    0 is older firmware without a date; None is any other firmware.
    """
    found = _Z_STACK_3.match(firmware)
    return int(found[1]) if found else None


def is_z_stack_1(firmware: str) -> bool:
    """Whether a coordinator runs Z-Stack Home 1.2, which this integration does not support."""
    return firmware.startswith("Z-Stack Home 1.")


def is_too_old(firmware: str) -> bool:
    """Whether a coordinator should be updated to newer firmware."""
    built = build(firmware)
    return built is not None and built < OLDEST_GOOD
