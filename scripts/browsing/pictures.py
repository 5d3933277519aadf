"""The pictures of the docs: which walks take them, and how they get there."""

from pathlib import Path

from PIL import Image

from scripts.demo_process import ROOT

FOLDER = ROOT / "docs" / "images"

NAMES = (
    "add-device",
    "add-device-progress",
    "backups",
    "demo",
    "device",
    "logbook",
    "move-in",
    "network-map",
    "options",
    "repair",
    "setup",
    "trigger-opened",
)
"""Pictures that a walk takes under this name and that the docs show."""

_COLORS = 256
"""Enough for pages of few colors; a picture is then a third as large."""


def publish(taken: Path) -> list[str]:
    """Put the pictures of a look into the docs. Returns the names of those that were not taken."""
    missing = []
    for name in NAMES:
        path = taken / f"{name}.png"
        if not path.is_file():
            missing.append(name)
            continue
        with Image.open(path) as picture:
            few = picture.convert("RGB").quantize(
                _COLORS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE
            )
        few.save(FOLDER / path.name, optimize=True)
    return missing
