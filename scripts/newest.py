"""Adapts the test plugin, which is made from one Home Assistant, to a newer one.

``plugin`` prints what the plugin requires, without Home Assistant itself. ``adapt`` changes the
installed plugin where it uses a name of Home Assistant that has moved since.
"""

from importlib.metadata import distribution
import json
from pathlib import Path
import sys
import sysconfig

import homeassistant
from packaging.requirements import Requirement

PLUGIN = "pytest-homeassistant-custom-component"

MOVED = (
    (
        "common.py",
        "    SERVICE_SET_LEVEL,\n    _clear_logger_overwrites,\n)\n",
        (
            "    SERVICE_SET_LEVEL,\n)\n"
            "from homeassistant.components.logger.helpers import _clear_logger_overwrites\n"
        ),
    ),
)
"""File, what is in it, and what has to be there since Home Assistant 2026.11."""


def requirements() -> list[str]:
    """Return the plugin's requirements, without those of Home Assistant itself."""
    path = Path(homeassistant.__file__).parent / "components" / "hassio" / "manifest.json"
    newer: list[str] = json.loads(path.read_text())["requirements"]
    names = {"homeassistant", *(Requirement(each).name for each in newer)}
    wanted = distribution(PLUGIN).requires or []
    return [*newer, *(each for each in wanted if Requirement(each).name not in names)]


def adapt() -> None:
    """Change the installed plugin; raises ValueError where it is not as expected."""
    packages = Path(sysconfig.get_path("purelib"))
    # Home Assistant must be imported before httpx, and pytest's plugins import httpx.
    (packages / "httpx_first.pth").write_text("import httpx2; httpx2.alias_httpx()\n")
    for name, old, new in MOVED:
        path = packages / PLUGIN.replace("-", "_") / name
        content = path.read_text()
        if new in content:
            continue
        if old not in content:
            raise ValueError(f"{path} is another one than was expected")
        path.write_text(content.replace(old, new))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["plugin"]:
            print("\n".join(requirements()))
        case ["adapt"]:
            adapt()
        case _:
            sys.exit(__doc__)
