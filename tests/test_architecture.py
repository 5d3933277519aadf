"""Who may import whom (docs/architecture.md, after the design's table)."""

import ast
from pathlib import Path
import subprocess
import sys
import textwrap

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "custom_components" / "aqara_zigbee"

ANYTHING = {"__init__.py", "backup.py", "config_flow.py", "simulation.py"}
"""The composition root and what must know the radio by name."""

ALLOWED: dict[str, set[str]] = {
    "core": {"core"},
    "core/devices": {"core", "core/devices"},
    "mirror": {"core", "mirror"},
    "mqtt": {"", "core", "homeassistant", "mirror", "mqtt"},
    "radio": {"core", "radio", "zigpy", "zigpy_znp", "serialx", "yaml"},
    "radio/virtual": {"radio/virtual", "zigpy", "zigpy_znp", "serialx"},
    "flows": {
        *("", "core", "core/devices", "flows", "homeassistant", "mirror", "mqtt", "probatio"),
        "radio",
    },
    "": {"", "aiohttp", "core", "homeassistant", "mqtt", "probatio"},
}
"""Rooms and, besides the standard library, what may be imported in them."""


def room_of(path: Path) -> str:
    """The room a file lies in, by its folder."""
    folder = path.parent.relative_to(PACKAGE).as_posix()
    if folder.startswith("radio/virtual"):
        return "radio/virtual"
    return "" if folder == "." else folder


def imports(path: Path) -> set[str]:
    """The rooms and packages a file imports, without the standard library."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            assert node.module is not None
            found.add(node.module.partition(".")[0])
        elif isinstance(node, ast.ImportFrom):
            found |= _relative(path, node)
    return {name for name in found if name not in sys.stdlib_module_names}


def _relative(path: Path, node: ast.ImportFrom) -> set[str]:
    base = path.parent
    for _ in range(node.level - 1):
        base = base.parent
    targets = [node.module.replace(".", "/")] if node.module else []
    if not targets:
        targets = [alias.name for alias in node.names]
    rooms: set[str] = set()
    for target in targets:
        place = base / target
        rooms.add(room_of(place / "x.py" if place.is_dir() else place))
    return rooms


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports(path: Path) -> None:
    relative = path.relative_to(PACKAGE).as_posix()
    if relative in ANYTHING:
        return
    allowed = set(ALLOWED[room_of(path)])
    if relative == "repairs.py":
        allowed |= {"flows"}
    if relative == "platforms.py" or relative.startswith("core/devices"):
        allowed |= {"core/devices"}
    assert imports(path) <= allowed


def test_device_files_share_through_lumi_only() -> None:
    folder = PACKAGE / "core" / "devices"
    for path in folder.glob("*.py"):
        if path.name == "__init__.py":
            continue
        siblings = {
            node.module
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.ImportFrom) and node.level == 1
        }
        assert siblings <= {"lumi", "lumi_lock"}


def test_core_loads_alone() -> None:
    """The core works where there is neither Home Assistant nor zigpy."""
    program = textwrap.dedent(
        f"""
        import importlib, importlib.abc, sys, types

        class Refuse(importlib.abc.MetaPathFinder):
            def find_spec(self, name, path=None, target=None):
                if name.partition(".")[0] in {{"homeassistant", "zigpy", "zigpy_znp", "serialx"}}:
                    raise ImportError(name)

        sys.meta_path.insert(0, Refuse())
        package = types.ModuleType("alone")
        package.__path__ = [{str(PACKAGE)!r}]
        sys.modules["alone"] = package
        from alone.core import gateway, zcl
        from alone.core.devices import DEFINITIONS
        report = zcl.read_report(1, 6, bytes.fromhex("187a0a00001001"))
        print(DEFINITIONS["lumi.plug"].decode(report, {{}}))
        """
    )
    result = subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, text=True, check=False
    )
    assert result.stdout.strip() == "{'state': True}", result.stderr


def test_words_stay_in_their_rooms() -> None:
    """Zigbee model identifiers belong to device files, zigpy to the radio."""
    for path in FILES:
        text = path.read_text()
        room = room_of(path)
        if room != "core/devices" and not room.startswith("radio/virtual"):
            assert '"lumi.' not in text, path
        assert "if model ==" not in text, path
