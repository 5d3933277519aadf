"""Firmware: what a device runs, what there is for it, and the port through which it gets there."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from .errors import AqaraError
from .radio import Ieee


@dataclass(frozen=True, slots=True)
class Firmware:
    """What a device says it runs when it asks for an image (ZCL revision 8, 11.13.4).

    Attributes:
        manufacturer: manufacturer code of its images.
        image_type: kind of image; this maker gives the same number to different models.
        version: file version, a number that grows.
        hardware: hardware version, None when it does not say.
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
        origin: the file or the address it comes from.
        checksum: SHA-512 of all of `origin`, in hexadecimal.
        notes: what its publisher says about it; may be empty.
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
    """How it stands with the firmware of one device.

    Attributes:
        running: what it runs, None until it said so.
        release: a newer image found for it, if any.
        is_updating: whether an image is on its way to it.
        percent: how much of that image it has, 0..100; None while it has not asked for any.
    """

    running: Firmware | None = None
    release: Release | None = None
    is_updating: bool = False
    percent: int | None = None


class Obstacle(StrEnum):
    """Why there was no update; the values are the names of the texts that say so."""

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
    """A device was not updated. Unless `obstacle` says otherwise it runs what it ran before.

    Attributes:
        obstacle: what was in the way.
        detail: more about it, for texts that have room for it.
    """

    def __init__(self, obstacle: Obstacle, detail: str = "") -> None:
        super().__init__(f"{obstacle}: {detail}" if detail else str(obstacle))
        self.obstacle = obstacle
        self.detail = detail


class Programmer(Protocol):
    """Knows the images there are and brings them to devices. Filled by the radio."""

    def tell(self, listener: Callable[[Ieee, Firmware], None]) -> None:
        """Who is to hear what devices say they run, asked or not."""
        ...

    async def ask(self, ieee: Ieee) -> Firmware:
        """Ask a device what it runs.

        Raises:
            DeliveryError: it did not say, or there is no radio.
        """
        ...

    async def find(self, model: str, running: Firmware) -> Release | None:
        """The newest image for a model that is newer than what a device of it runs.

        Nothing is sent over the air. Sources that cannot be read are left out and logged.
        """
        ...

    async def update(
        self, ieee: Ieee, release: Release, progress: Callable[[float], None], *, sleepy: bool
    ) -> None:
        """Bring an image to a device and wait until it runs it. Takes minutes to hours.

        Args:
            ieee: the device.
            release: the image.
            progress: hears how much of it the device has, 0..1.
            sleepy: whether it hears only shortly after it spoke; it is waited for then.

        Raises:
            UpdateError: why it does not run it.
            DeliveryError: there is no radio any more.
        """
        ...
