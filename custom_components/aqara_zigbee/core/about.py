"""What a device says of its own make and firmware."""

from dataclasses import dataclass
from typing import ClassVar

from .zcl import Cluster, Report

_TEXTS = {"date_code", "software_build_id"}


@dataclass(slots=True)
class About:
    """What a device says of its own make (Basic cluster, ZCL revision 8, 3.2)."""

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
        """It runs other firmware now; what that says of itself is to be asked for."""
        self.application_version = self.date_code = self.software_build_id = None

    def note(self, report: Report) -> None:
        """Keep what a report of the Basic cluster says."""
        for record in report.records if report.cluster == Cluster.BASIC else ():
            name, value = self.ATTRIBUTES.get(record.attribute), record.value
            if name is None:
                continue
            if name in _TEXTS and isinstance(value, bytes):
                # Some firmwares append junk after a NUL (contract 0.1).
                setattr(self, name, value.partition(b"\0")[0].decode("ascii", "replace"))
            elif name not in _TEXTS and isinstance(value, int):
                setattr(self, name, value)
