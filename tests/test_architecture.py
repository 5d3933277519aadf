"""The allowed imports of each folder (docs/architecture.md)."""

import ast
from pathlib import Path
import subprocess
import sys
import textwrap

from homeassistant.loader import BASE_PRELOAD_PLATFORMS
import pytest

from custom_components.aqara_zigbee.core import device_settings
from custom_components.aqara_zigbee.core.models import DEFINITIONS
from custom_components.aqara_zigbee.mirror import names, settings
from scripts.layout import COMPOSITION, FOLDERS, LATER, PRELOADED, later_table, table
from tests.imports import PACKAGE, modules, needed, start_files

ROOT = Path(__file__).parent.parent


def folder_of(path: Path) -> str:
    """The folder of a file as `FOLDERS` names it."""
    folder = path.parent.relative_to(PACKAGE).as_posix()
    if folder.startswith("simulator"):
        return "simulator"
    return "" if folder == "." else folder


def imports(path: Path) -> set[str]:
    """The folders and packages a file imports, without the standard library."""
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
    folders: set[str] = set()
    for target in targets:
        place = base / target
        folders.add(folder_of(place / "x.py" if place.is_dir() else place))
    return folders


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports(path: Path) -> None:
    relative = path.relative_to(PACKAGE).as_posix()
    if relative in COMPOSITION:
        return
    folder = folder_of(path)
    allowed = {folder} | FOLDERS[folder].imports
    assert imports(path) <= allowed


def test_no_allowed_import_is_unused() -> None:
    used: dict[str, set[str]] = {folder: set() for folder in FOLDERS}
    for path in FILES:
        if path.relative_to(PACKAGE).as_posix() not in COMPOSITION:
            used[folder_of(path)] |= imports(path)
    assert {folder: set(FOLDERS[folder].imports) for folder in FOLDERS} == {
        folder: used[folder] - {folder} for folder in FOLDERS
    }


def test_docs_have_the_tables_of_imports() -> None:
    """`scripts/docs` writes them."""
    page = (ROOT / "docs" / "architecture.md").read_text()
    assert "\n".join(table()) in page
    assert "\n".join(later_table()) in page


def test_class_names_are_unique() -> None:
    """One name means one thing, in the integration and in the simulator, each by itself."""
    for is_simulator in (False, True):
        places: dict[str, list[str]] = {}
        for path in FILES:
            if (folder_of(path) == "simulator") is is_simulator:
                for node in ast.parse(path.read_text()).body:
                    if isinstance(node, ast.ClassDef):
                        places.setdefault(node.name, []).append(path.name)
        assert {name: files for name, files in places.items() if len(files) > 1} == {}


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
        from alone.core.models import DEFINITIONS
        report = zcl.read_report(1, 6, bytes.fromhex("187a0a00001001"))
        print(DEFINITIONS["lumi.plug"].decode(report, {{}}))
        """
    )
    result = subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, text=True, check=False
    )
    assert result.stdout.strip() == "{'state': True}", result.stderr


def test_models_and_zigpy_are_named_in_their_folders() -> None:
    """Zigbee model identifiers belong to device files and their list, zigpy to the radio."""
    for path in FILES:
        text = path.read_text()
        if folder_of(path) not in ("core/devices", "simulator") and path.name != "models.py":
            assert '"lumi.' not in text, path
        assert "if model ==" not in text, path


OWNERS = {
    **dict.fromkeys(device_settings.SETTINGS, "core/device_settings.py"),
    names.OPTION: "mirror/names.py",
    **dict.fromkeys((settings.OTHERS, *settings.CHECKS), "mirror/settings.py"),
}
"""The file that alone knows under which key a setting is kept in `Device.options`, and in which form."""

NO_SETTINGS = {
    "availability": {
        "core/definition.py",  # what follows a device's name in topics
        "core/events.py",  # the name of an event
        "flows/mqtt_options.py",  # its texts about the mirror
        "mirror/bridge.py",  # part of Zigbee2MQTT's configuration
        "mirror/devices.py",  # a topic
        "mirror/topics.py",
        "radio/migration/z2m_configuration.py",  # Zigbee2MQTT's own file
    },
    "users": {"flows/options.py"},  # its texts
    "friendly_name": {
        "diagnostics.py",  # redacted wherever it is
        "mirror/bridge.py",  # in messages, as in the other files
        "mirror/devices.py",
        "mirror/requests/network.py",
        "mirror/settings.py",  # left out of what is set
        "radio/migration/z2m_configuration.py",
    },
    "description": {"mirror/exposes.py"},  # of a property
    "disabled": {"mirror/bridge.py"},  # of the coordinator
    "homeassistant": {
        "mirror/bridge.py",  # part of Zigbee2MQTT's configuration
        "mirror/requests/dispatch.py",
        "mirror/z2m_texts.py",  # an icon
        "radio/migration/z2m_configuration.py",
    },
}
"""Files in which the same name has another meaning."""


def test_each_setting_of_devices_has_one_owner() -> None:
    """`Device.options` is shared; no one reads or writes what belongs to another."""
    places: dict[str, set[str]] = {}
    for path in FILES:
        if folder_of(path) == "simulator":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and node.value in OWNERS:
                places.setdefault(node.value, set()).add(path.relative_to(PACKAGE).as_posix())
    assert places == {
        name: {owner} | NO_SETTINGS.get(name, set()) for name, owner in OWNERS.items()
    }


def test_settings_of_devices_are_read_through_their_owners() -> None:
    """Others pass `device.options` on as a whole."""
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            member = node.value if isinstance(node, ast.Subscript | ast.Attribute) else None
            is_read = isinstance(node, ast.Subscript) or getattr(node, "attr", "") == "get"
            if is_read and isinstance(member, ast.Attribute):
                assert not ast.unparse(member).endswith("device.options"), path


def test_names_of_settings_are_not_those_of_a_models_options() -> None:
    """They are kept side by side."""
    for definition in DEFINITIONS.values():
        assert OWNERS.keys().isdisjoint(option.name for option in definition.options)


def test_progress_is_shown_in_one_place() -> None:
    """Each other place could finish before the frontend listens, and its dialog would hang."""
    for path in FILES:
        relative = path.relative_to(PACKAGE).as_posix()
        if relative != "flows/progress.py":
            assert "async_show_progress" not in path.read_text(), path
            assert "async_external_step" not in path.read_text(), path


MOST_MODULES = 75
"""Imported at the start of an entry with a coordinator, besides those that Home Assistant preloads."""


def is_imported_later(path: Path) -> bool:
    """Whether no start imports a file."""
    relative, folder = path.relative_to(PACKAGE).as_posix(), folder_of(path)
    return any(relative in places or folder in places for places in LATER.values())


def test_start_imports_only_what_it_needs() -> None:
    """Neither the simulator nor the mirror, for example; `tests/test_loading.py` starts an entry."""
    start = needed(start_files())
    assert len(start) <= MOST_MODULES
    others = needed(PACKAGE / f"{name}.py" for name in PRELOADED)
    assert start | others == {path for path in FILES if not is_imported_later(path)}


def test_home_assistant_preloads_what_is_listed() -> None:
    there = {name for name in BASE_PRELOAD_PLATFORMS if (PACKAGE / f"{name}.py").exists()}
    assert there == PRELOADED


def test_zha_is_known_in_one_place() -> None:
    """Its internals are not a public interface, so only one file has to follow changes."""
    for path in FILES:
        if path.name != "host.py":
            assert "components.zha" not in path.read_text(), path


def test_no_module_imports_itself_through_others() -> None:
    """Not even for type checking. The simulator is apart: its air and its devices know each other."""
    graph: dict[Path, set[Path]] = {
        path: _modules(path) for path in FILES if folder_of(path) != "simulator"
    }
    while leaves := [path for path, needs in graph.items() if not needs & graph.keys()]:
        for path in leaves:
            del graph[path]
    importers = {need for needs in graph.values() for need in needs}
    assert [str(path.relative_to(PACKAGE)) for path in graph if path in importers] == []


def _modules(path: Path) -> set[Path]:
    """The modules of ours that a file imports, the root package apart."""
    found: set[Path] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            found |= set(modules(path, node))
    return found - {path, PACKAGE / "__init__.py"}
