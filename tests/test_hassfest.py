"""The checks of hassfest that are possible without its image.

The workflow runs hassfest itself; this finds the same errors before a commit. Rules are those of
Home Assistant 2026.10.
"""

import ast
from collections.abc import Iterator
import json
from pathlib import Path
import re
from typing import Any

from homeassistant.components.binary_sensor import BinarySensorDeviceClass
from homeassistant.components.event import EventDeviceClass
from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.const import Platform
from homeassistant.loader import Manifest
from homeassistant.requirements import DISCOVERY_INTEGRATIONS
from homeassistant.util.yaml import load_yaml_dict
import pytest

from custom_components.aqara_zigbee.const import DOMAIN

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "custom_components" / DOMAIN
MANIFEST: dict[str, Any] = json.loads((PACKAGE / "manifest.json").read_text())
TEXTS: dict[str, Any] = json.loads((PACKAGE / "translations" / "en.json").read_text())
ICONS: dict[str, Any] = json.loads((PACKAGE / "icons.json").read_text())
SERVICES: dict[str, Any] = load_yaml_dict(PACKAGE / "services.yaml")

PLATFORM_FILES = [path for name in Platform if (path := PACKAGE / f"{name}.py").is_file()]
KEY = re.compile(r"(?!.*[_-]{2})[a-z0-9]([a-z0-9_-]*[a-z0-9])?")
ICON = re.compile(r"mdi:[a-z0-9]+(-[a-z0-9]+)*")

INTERNAL = {
    "frontend",
    "homeassistant",
    "persistent_notification",
    "system_health",
    "websocket_api",
}
"""Integrations that need not be in the manifest to be imported."""


def tree(path: Path) -> ast.Module:
    """A file's syntax."""
    return ast.parse(path.read_text())


def function(path: Path, name: str) -> ast.AsyncFunctionDef | None:
    """A coroutine at the top of a file."""
    for node in tree(path).body:
        if isinstance(node, ast.AsyncFunctionDef) and node.name == name:
            return node
    return None


# Manifest


def test_manifest_has_known_keys_in_order() -> None:
    first, second, *others = MANIFEST
    assert (first, second) == ("domain", "name")
    assert others == sorted(others)
    assert set(MANIFEST) <= set(Manifest.__annotations__)


def test_manifest_has_what_a_custom_integration_needs() -> None:
    assert MANIFEST["domain"] == PACKAGE.name == DOMAIN
    assert re.fullmatch(r"\d+\.\d+\.\d+", MANIFEST["version"])
    assert all(re.fullmatch(r"@[a-z0-9-]+(/[a-z0-9-]+)?", one) for one in MANIFEST["codeowners"])
    assert MANIFEST["codeowners"]
    for key in ("documentation", "issue_tracker"):
        assert MANIFEST[key].startswith("https://"), key
    assert MANIFEST["quality_scale"] in ("bronze", "silver", "gold", "platinum")


def test_discovery_matchers_are_written_as_home_assistant_compares_them() -> None:
    for matcher in MANIFEST["usb"]:
        assert re.fullmatch(r"[0-9A-F]{4}", matcher["vid"])
        assert re.fullmatch(r"[0-9A-F]{4}", matcher["pid"])
        assert matcher["description"] == matcher["description"].lower()
    for matcher in MANIFEST["zeroconf"]:
        assert matcher["name"] == matcher["name"].lower()
        assert matcher["type"].endswith(".local.")


def test_dependencies_are_named_once() -> None:
    named = MANIFEST["dependencies"] + MANIFEST["after_dependencies"]
    assert len(named) == len(set(named))


def imported() -> Iterator[tuple[Path, str]]:
    """The integrations that a file imports, except for what only the type checker sees."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(tree(path)):
            match node:
                case ast.ImportFrom(module="homeassistant.components.http.auth", names=[name]) if (
                    name.name == "async_sign_path"
                ):
                    continue
                case ast.ImportFrom(module="homeassistant.components"):
                    yield from ((path, name.name) for name in node.names)
                case ast.ImportFrom(module=str(module)) if module.startswith(
                    "homeassistant.components."
                ):
                    yield path, module.split(".")[2]


def test_integrations_that_are_imported_are_dependencies() -> None:
    allowed = {*Platform, *INTERNAL, *MANIFEST["dependencies"], *MANIFEST["after_dependencies"]}
    allowed |= {path.stem for path in PACKAGE.glob("*.py")}
    allowed |= {
        name for name, keys in DISCOVERY_INTEGRATIONS.items() if MANIFEST.keys() & set(keys)
    }
    assert {(path.name, name) for path, name in imported() if name not in allowed} == set()


# Rules of the quality scale


@pytest.mark.parametrize("path", [PACKAGE / "__init__.py", *PLATFORM_FILES], ids=lambda p: p.stem)
def test_entry_is_typed_and_registers_no_actions(path: Path) -> None:
    """`runtime-data`, `strict-typing`, `action-setup`."""
    names = {"async_setup_entry", "async_unload_entry", "async_remove_config_entry_device"}
    found = [each for name in names if (each := function(path, name)) is not None]
    assert found
    for each in found:
        annotation = each.args.args[1].annotation
        assert isinstance(annotation, ast.Name), each.name
        assert re.fullmatch(r"[A-Za-z]+ConfigEntry", annotation.id), each.name
        assert not re.search(r"services\.(async_)?register|_entity_service", ast.unparse(each))


def test_options_flow_and_diagnostics_have_a_typed_entry() -> None:
    for name in ("async_get_config_entry_diagnostics", "async_get_device_diagnostics"):
        found = function(PACKAGE / "diagnostics.py", name)
        assert found is not None
        assert ast.unparse(found.args.args[1]).endswith(": AqaraConfigEntry"), name
    source = (PACKAGE / "config_flow.py").read_text()
    assert "def async_get_options_flow(config_entry: AqaraConfigEntry)" in source


def test_setup_stores_runtime_data_and_raises_for_failures() -> None:
    """`runtime-data`, `test-before-setup`, `config-entry-unloading`."""
    path = PACKAGE / "__init__.py"
    setup = function(path, "async_setup_entry")
    assert setup is not None
    stored = [
        node
        for node in ast.walk(setup)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
    ]
    assert "runtime_data" in {node.attr for node in stored}
    raised = {
        node.exc.func.id
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Raise)
        and isinstance(node.exc, ast.Call)
        and isinstance(node.exc.func, ast.Name)
    }
    assert raised & {"ConfigEntryNotReady", "ConfigEntryError"}
    assert function(path, "async_unload_entry") is not None


def test_config_flow_has_the_steps_and_checks_that_are_looked_for() -> None:
    """`reconfiguration-flow`, `unique-config-entry`: hassfest reads this file only."""
    source = (PACKAGE / "config_flow.py").read_text()
    for wanted in (
        "async_step_reconfigure",
        "async_set_unique_id",
        "_abort_if_unique_id_configured",
    ):
        assert f"{wanted}(" in source


@pytest.mark.parametrize("path", PLATFORM_FILES, ids=lambda path: path.stem)
def test_platform_limits_parallel_updates(path: Path) -> None:
    """`parallel-updates`."""
    assigned = {
        target.id
        for node in tree(path).body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    assert "PARALLEL_UPDATES" in assigned


# Translations


def dictionaries(part: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A dictionary and all those in it."""
    yield part
    for value in part.values():
        if isinstance(value, dict):
            yield from dictionaries(value)


@pytest.mark.parametrize("part", [TEXTS, ICONS], ids=["translations", "icons"])
def test_keys_are_translation_keys(part: dict[str, Any]) -> None:
    found = {key for each in dictionaries(part) for key in each}
    assert {key for key in found if not KEY.fullmatch(key)} == set()


def test_sections_of_the_translations_are_known() -> None:
    known = {"config", "options", "issues", "entity", "exceptions", "selector", "services"}
    known |= {"system_health", "triggers", "conditions", "device", "config_subentries"}
    assert set(TEXTS) <= known


def test_kinds_of_subentries_have_a_name_and_a_button() -> None:
    for kind, texts in TEXTS["config_subentries"].items():
        assert texts.keys() <= {
            *("initiate_flow", "entry_type", "abort", "create_entry"),
            *("error", "step", "progress"),
        }, kind
        assert texts["entry_type"], kind
        assert texts["initiate_flow"].keys() == {"user"}, kind


def test_entities_have_known_texts() -> None:
    for platform, entities in TEXTS["entity"].items():
        assert platform in {*Platform}
        for key, entity in entities.items():
            assert entity.keys() <= {"name", "state", "state_attributes", "unit_of_measurement"}, (
                key
            )
            for name, attribute in entity.get("state_attributes", {}).items():
                assert attribute.keys() <= {"name", "state"}, (key, name)


def test_exceptions_and_issues_have_known_texts() -> None:
    for key, text in TEXTS["exceptions"].items():
        assert text.keys() == {"message"}, key
    for key, text in TEXTS["issues"].items():
        assert text.keys() in ({"title", "description"}, {"title", "fix_flow"}), key


def test_fields_of_selectors_have_a_name_and_a_description() -> None:
    for key, selector in TEXTS["selector"].items():
        assert selector.keys() <= {"options", "fields", "choices", "unit_of_measurement"}, key
        for name, field in selector.get("fields", {}).items():
            assert field.keys() == {"name", "description"}, (key, name)


# Actions and icons


@pytest.mark.parametrize("name", SERVICES)
def test_action_has_texts_an_icon_and_selectors(name: str) -> None:
    texts = TEXTS["services"][name]
    assert texts["name"]
    assert texts["description"]
    assert ICON.fullmatch(ICONS["services"][name]["service"])
    for field, content in (SERVICES[name] or {}).get("fields", {}).items():
        assert content["selector"], field
        assert texts["fields"][field]["name"], field
        assert texts["fields"][field]["description"], field


def test_no_icon_or_text_is_of_an_action_that_is_not_there() -> None:
    assert set(ICONS["services"]) == set(TEXTS["services"]) == set(SERVICES)


def test_icons_are_material_design_icons_and_vary() -> None:
    for platform, entities in ICONS["entity"].items():
        assert platform in {*Platform}
        for key, icons in entities.items():
            assert icons.keys() <= {"default", "state", "state_attributes", "range"}, key
            named = [icons["default"], *icons.get("state", {}).values()]
            assert all(ICON.fullmatch(icon) for icon in named), key
            # Defaults need not be given.
            assert icons["default"] not in icons.get("state", {}).values(), key


def test_icons_do_not_replace_those_of_device_classes() -> None:
    """`icon-translations`. An entity whose name is that of its class has no key and so no icon."""
    classes = {
        "binary_sensor": BinarySensorDeviceClass,
        "event": EventDeviceClass,
        "sensor": SensorDeviceClass,
    }
    for platform, found in classes.items():
        assert not {*found} & ICONS["entity"].get(platform, {}).keys(), platform
