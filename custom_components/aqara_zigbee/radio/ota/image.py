"""Contents of firmware files, and the devices they are for.

An image must never reach a device of another model, and nothing in the image prevents it: the
header of every image for these models has image type 257, and its text is the chip's name and not
the device's (``DR1175r1v1UNENCRYPTED00000JN5169``, the same in all of Koenkk/zigbee-OTA). So the
model must be known otherwise: from an index, from the file's folder, or from its name.
"""

from dataclasses import dataclass
from hashlib import sha512
import json
from pathlib import Path
import re
from typing import Any, Self

from zigpy.ota.image import OTAImage

from ...core.firmware import Firmware, Release

_NEWEST = 0xFFFFFFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image, and the devices it is for.

    Attributes:
        release: the image.
        model: the model it is for, None if `folder` and `name` determine it.
        folder, name: those of the file, without its extension. oldest, newest: the versions it may
        be installed on.
        hardware: the hardware versions it may be installed on, None for all.
    """

    release: Release
    model: str | None = None
    folder: str = ""
    name: str = ""
    oldest: int = 0
    newest: int = _NEWEST
    hardware: tuple[int, int] | None = None

    def is_for(self, model: str) -> bool:
        """Whether it is certainly for a model, and for no other."""
        if self.model is not None:
            return self.model == model
        if _maker(model) in self.folder and self.folder != model:
            return False
        if _maker(model) in self.name.lower():
            return names(self.name.lower(), model)
        return self.folder == model

    def is_nameless(self, model: str) -> bool:
        """Whether there is no indication which of the maker's models it is for."""
        told = f"{self.folder}/{self.name}".lower()
        return self.model is None and _maker(model) not in told

    def fits(self, model: str, running: Firmware) -> bool:
        """Whether a device of a model can be updated with it."""
        release, hardware = self.release, self.hardware
        kind = (release.manufacturer, release.image_type)
        return (
            self.is_for(model)
            and kind == (running.manufacturer, running.image_type)
            and release.version > running.version
            and self.oldest <= running.version <= self.newest
            and (
                hardware is None
                or (running.hardware is not None and hardware[0] <= running.hardware <= hardware[1])
            )
        )


def _maker(model: str) -> str:
    """Return the common prefix of the model identifiers of one maker."""
    return model.partition(".")[0] + "."


def names(text: str, model: str) -> bool:
    """Whether a file name, in lower case, contains a model.

    The identifier stands alone or is followed by a date or a version, as in
    ``OTA_lumi.relay.c4acn01_V2.1.20``: ``lumi.plug.mmeu01`` must not pass for ``lumi.plug``.
    """
    pattern = rf"(?<![a-z0-9.]){re.escape(model)}(?:$|[_ -]+v?\d)"
    return re.search(pattern, text) is not None


@dataclass(frozen=True, slots=True)
class Content:
    """The contents of a firmware file.

    Attributes:
        manufacturer, image_type, version: as in `core.firmware.Firmware`.
        data: the image as sent over the air.
        hardware: the hardware versions it is for, None for all.
    """

    manufacturer: int
    image_type: int
    version: int
    data: bytes
    hardware: tuple[int, int] | None = None

    @classmethod
    def of(cls, file: bytes) -> Self:
        """Read a file; data after the image is dropped (ZCL revision 8, 11.4).

        Raises:
            ValueError: it does not begin with a complete image.
        """
        image, _ = OTAImage.deserialize(file)
        header = image.header
        if header.device_specific_file:
            raise ValueError("it is for a single device")
        hardware = None
        if header.hardware_versions_present:
            hardware = int(header.minimum_hardware_version), int(header.maximum_hardware_version)
        return cls(
            int(header.manufacturer_id),
            int(header.image_type),
            int(header.file_version),
            image.serialize(),
            hardware,
        )


def read_file(file: bytes, path: Path, folder: str) -> Image:
    """Return the image in a file.

    Args:
        file: its contents.
        path: its path.
        folder: the name of the folder with the model's name; empty without one.

    Raises:
        ValueError: there is no complete image.
    """
    content = Content.of(file)
    release = Release(
        content.manufacturer,
        content.image_type,
        content.version,
        size=len(content.data),
        origin=str(path),
        checksum=sha512(file).hexdigest(),
    )
    return Image(release=release, folder=folder, name=path.stem, hardware=content.hardware)


def read_index(data: bytes) -> tuple[Image, ...]:
    """Return the images with a model in Zigbee2MQTT's index.

    Raises:
        ValueError: it is not such an index.
    """
    try:
        entries = json.loads(data)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(entries, list):
        raise ValueError("it is not a list")  # noqa: TRY004 - what is wrong is the file
    return tuple(image for entry in entries if (image := _read_entry(entry)))


def _read_entry(entry: Any) -> Image | None:
    try:
        release = Release(
            manufacturer=int(entry["manufacturerCode"]),
            image_type=int(entry["imageType"]),
            version=int(entry["fileVersion"]),
            size=int(entry["fileSize"]),
            origin=str(entry["url"]),
            checksum=str(entry["sha512"]).lower(),
            notes=str(entry.get("releaseNotes") or ""),
        )
        model = str(entry["modelId"])
        oldest = int(entry.get("minFileVersion", 0))
        newest = int(entry.get("maxFileVersion", _NEWEST))
        lowest, highest = entry.get("hardwareVersionMin"), entry.get("hardwareVersionMax")
        hardware = None
        if lowest is not None or highest is not None:
            hardware = int(lowest or 0), int(0xFFFF if highest is None else highest)
    except KeyError, TypeError, ValueError, AttributeError:
        return None  # another kind, such as images for a manufacturer's whole range
    return Image(release=release, model=model, oldest=oldest, newest=newest, hardware=hardware)
