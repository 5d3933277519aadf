"""What is known of the firmware of sticks."""

import re

OLDEST_GOOD = 20210708
"""Builds of Z-Stack 3 before it hand out the network key through a router only while the
coordinator itself is open too (Z-Stack-firmware efac5ee, named by zigpy-znp's `permit`)."""

_Z_STACK_3 = re.compile(r"Z-Stack (?:3\S* )?(\d+)$")
"""As zigpy-znp names them: ``Z-Stack 20230507`` from 3.30 on, ``Z-Stack 3.0.x 20190425`` before."""


def build(firmware: str) -> int | None:
    """The build date of a Z-Stack 3 as a number, by what the stick says of itself.

    0 is what those say that are older than the date; None is any other firmware.
    """
    found = _Z_STACK_3.match(firmware)
    return int(found[1]) if found else None


def is_too_old(firmware: str) -> bool:
    """Whether a stick should be given newer firmware."""
    built = build(firmware)
    return built is not None and built < OLDEST_GOOD
