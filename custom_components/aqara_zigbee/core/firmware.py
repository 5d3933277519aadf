"""Firmware: a device's information about it, available images, and the port for updates."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import ClassVar, Protocol

from .errors import AqaraError
from .limits import is_number, until_nul
from .radio import Ieee
from .zcl import Cluster, Report

TEXTS = {"date_code", "software_build_id"}
"""The texts of `BasicInfo`; the others are numbers."""

LONGEST = 255
"""Maximum characters of these texts, as of ZCL strings."""


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


@dataclass(frozen=True, slots=True)
class Firmware:
    """A device's firmware, as in its query next image request (ZCL revision 8, 11.13.4).

    Attributes:
        manufacturer: manufacturer code of its images.
        image_type: image type; this maker uses the same number for different models.
        version: file version, a number that increases.
        hardware: hardware version, None if not reported.
    """

    manufacturer: int
    image_type: int
    version: int
    hardware: int | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """An image that can be installed.

    Attributes:
        manufacturer, image_type, version: as in `Firmware`.
        size: octets.
        origin: the file or URL it comes from.
        checksum: SHA-512 of all of `origin`, in hexadecimal.
        notes: release notes; may be empty.
    """

    manufacturer: int
    image_type: int
    version: int
    size: int
    origin: str
    checksum: str
    notes: str = ""


@dataclass(slots=True)
class Upkeep:
    """The state of a device's firmware.

    Attributes:
        running: its current firmware, None until it is reported.
        release: a newer image found for it, if any.
        is_checked: whether any source of images was available at the last check.
        is_updating: whether an update is running.
        percent: the transferred part of the image, 0..100; None before the first block.
    """

    running: Firmware | None = None
    release: Release | None = None
    is_checked: bool = False
    is_updating: bool = False
    percent: int | None = None


class Obstacle(StrEnum):
    """Reasons for a failed update; the values are translation keys."""

    BUSY = "update_busy"
    NOTHING_NEW = "update_nothing_new"
    UNUSABLE = "update_unusable"
    SILENT = "update_silent"
    ASLEEP = "update_asleep"
    STALLED = "update_stalled"
    REFUSED = "update_refused"
    UNCHANGED = "update_unchanged"
    UNCONFIRMED = "update_unconfirmed"


class UpdateError(AqaraError):
    """A device was not updated. It keeps its firmware, unless that is `UNCONFIRMED`.

    Attributes:
        obstacle: the reason.
        detail: details for longer texts.
    """

    def __init__(self, obstacle: Obstacle, detail: str = "") -> None:
        super().__init__(f"{obstacle}: {detail}" if detail else str(obstacle))
        self.obstacle = obstacle
        self.detail = detail


type Fetch = Callable[[str], Awaitable[bytes]]
"""Downloads an https URL; raises `UpdateError` on failure."""


@dataclass(slots=True)
class ImageSources:
    """The sources of images.

    Attributes:
        folder: the user's folder, which need not exist; None for none.
        fetch: downloads from the internet; None for no access to it.
        remote: whether the public index may be downloaded. This happens at most once a day, and not
            before a device is checked.
    """

    folder: Path | None = None
    fetch: Fetch | None = None
    remote: bool = False

    def exist(self) -> bool:
        """Whether there is any. Blocks on the disk."""
        return self.remote or (self.folder is not None and self.folder.is_dir())


@dataclass(frozen=True, slots=True)
class Patience:
    """Timeouts of an update, in seconds.

    Attributes:
        answer: for a device to report its version.
        begin: for an awake device to query the image.
        wake: for a sleepy device to query the image.
        stall: without a new block until a transfer fails. A whole transfer may take hours.
        back: for a device to restart and report its version.
        again: until image notify is repeated.
        pause: minimum between two image notify commands.
    """

    answer: float = 10.0
    begin: float = 60.0
    wake: float = 300.0
    stall: float = 600.0
    back: float = 300.0
    again: float = 30.0
    pause: float = 5.0


class Programmer(Protocol):
    """The port for firmware updates, implemented by the radio.

    Attributes:
        has_images: whether any image of any model was known at the last `find`.
    """

    has_images: bool

    def set_listener(self, listener: Callable[[Ieee, Firmware], None]) -> None:
        """Set the listener of devices' reported firmware."""
        ...

    async def ask(self, ieee: Ieee) -> Firmware:
        """Request a device's firmware version.

        Raises:
            DeliveryError: it did not answer, or there is no radio.
        """
        ...

    async def find(self, model: str, running: Firmware) -> Release | None:
        """Return the newest image for a model that is newer than a device's firmware.

        Nothing is sent over the air. Unreadable sources are skipped and logged.
        """
        ...

    async def update(
        self, ieee: Ieee, release: Release, progress: Callable[[float], None], *, sleepy: bool
    ) -> None:
        """Transfer an image to a device and wait until it runs it. Takes minutes to hours.

        Args:
            ieee: the device.
            release: the image.
            progress: called with the transferred part, 0..1.
            sleepy: whether it receives only shortly after it sent something.

        Raises:
            UpdateError: the reason why it does not run the image.
            DeliveryError: the radio was lost.
        """
        ...
