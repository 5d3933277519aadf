"""A device's information about its model and firmware."""

from dataclasses import dataclass
from typing import ClassVar

from .limits import is_number, until_nul
from .zcl import Cluster, Report

TEXTS = {"date_code", "software_build_id"}
"""The texts of `BasicInfo`; the others are numbers."""

LONGEST = 255
"""Maximum characters of a text, as of ZCL strings."""


@dataclass(slots=True)
class BasicInfo:
    """A device's information about itself (Basic cluster, ZCL revision 8, 3.2)."""

    application_version: int | None = None
    stack_version: int | None = None
    hardware_version: int | None = None
    date_code: str | None = None
    power_source: int | None = None
    software_build_id: str | None = None

    ATTRIBUTES: ClassVar[dict[int, str]] = {
        0x0001: "application_version",
        0x0002: "stack_version",
        0x0003: "hardware_version",
        0x0006: "date_code",
        0x0007: "power_source",
        0x4000: "software_build_id",
    }

    def forget_firmware(self) -> None:
        """Remove the firmware's information after an update, so that it is read again."""
        self.application_version = self.date_code = self.software_build_id = None

    def note(self, report: Report) -> None:
        """Store the values of a report of the Basic cluster."""
        for record in report.records if report.cluster == Cluster.BASIC else ():
            name, value = self.ATTRIBUTES.get(record.attribute), record.value
            if name is None:
                continue
            if name in TEXTS and isinstance(value, bytes):
                # Some firmwares append data after a NUL (protocol 0.1).
                text = until_nul(value.decode("ascii", "replace"))
                setattr(self, name, text[:LONGEST])
            elif name not in TEXTS and isinstance(value, int) and is_number(value):
                setattr(self, name, value)
