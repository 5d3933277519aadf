"""Firmware for tests: whole images of any kind, small enough to go over the air in moments."""

from pathlib import Path
import struct

from custom_components.aqara_zigbee.core.firmware import Patience

LUMI = 0x115F
IMAGE_TYPE = 257
"""Of all images for the models here."""

MAGIC = 0x0BEEF11E
_HEADER = struct.Struct("<IHHHHHIH32sI")
_ELEMENT = struct.Struct("<HI")


def patience(**seconds: float) -> Patience:
    """Long for devices that a busy machine keeps waiting, but for what is to run out of time."""
    return Patience(again=0.5, pause=0.1, **seconds)


def image(
    version: int,
    *,
    octets: int = 600,
    manufacturer: int = LUMI,
    image_type: int = IMAGE_TYPE,
    hardware: tuple[int, int] | None = None,
    device: bytes = b"",
) -> bytes:
    """An image (ZCL revision 8, 11.4).

    Args:
        version: its file version.
        octets: how long its content is; the headers come on top.
        manufacturer: manufacturer code.
        image_type: what kind of image it claims to be.
        hardware: the hardware versions it is for, None for all.
        device: the address of the only device it is for, as it goes on the air; none if empty.
    """
    optional = device + (struct.pack("<HH", *hardware) if hardware else b"")
    fields = (0x02 if device else 0) | (0x04 if hardware else 0)
    content = bytes(number * 7 % 251 for number in range(octets))
    length = _HEADER.size + len(optional)
    size = length + _ELEMENT.size + octets
    text = b"DR1175r1v1UNENCRYPTED00000JN5169"
    head = (MAGIC, 0x0100, length, fields, manufacturer, image_type, version, 2, text, size)
    return _HEADER.pack(*head) + optional + _ELEMENT.pack(0, octets) + content


def put(folder: Path, model: str, version: int, content: bytes | None = None) -> Path:
    """Put an image where the integration looks for images of a model."""
    path = folder / model / f"{version}.ota"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(image(version) if content is None else content)
    return path
