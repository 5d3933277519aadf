"""Every required text exists, every existing one is required, and each gets its placeholders.

The source is read, not run: a missing text appears in the user interface as its key, and only after
an error has occurred.
"""

import ast
from collections.abc import Iterator
from enum import StrEnum
from itertools import chain
import json
from pathlib import Path
import re
from types import ModuleType
from typing import Any

from homeassistant.util.yaml import parse_yaml
import pytest

from custom_components.aqara_zigbee import (
    condition,
    config_flow,
    guest,
    system_health,
    trigger,
)
from custom_components.aqara_zigbee.core.firmware import Obstacle
from custom_components.aqara_zigbee.core.health import Finding
from custom_components.aqara_zigbee.core.identity import (
    CHANNEL,
    COORDINATOR,
    EXTENDED_PAN_ID,
    KEY,
    PAN_ID,
)
from custom_components.aqara_zigbee.core.models import DEFINITIONS
from custom_components.aqara_zigbee.flows import (
    add_device,
    backup_options,
    coordinator_repair,
    database_repair,
    device_repair,
    discovery,
    firmware_options,
    mqtt_options,
    network_repair,
    new_entry,
    options,
    port,
    restore,
    setup,
    takeover,
    z2m_upload,
    zha_network,
    zha_options,
)
from custom_components.aqara_zigbee.platforms import meters_of
from custom_components.aqara_zigbee.radio.backup import BackupProblem
from custom_components.aqara_zigbee.radio.migration.source import (
    MigrationFailure,
    MigrationWarning,
    NotMigrated,
)
from custom_components.aqara_zigbee.radio.migration.survey import CoordinatorAction
from custom_components.aqara_zigbee.radio.network import RadioProblem
from custom_components.aqara_zigbee.storage.backup_list import Reason
from custom_components.aqara_zigbee.watch import repairs_monitor

PACKAGE = Path(config_flow.__file__).parent
TEXTS: dict[str, Any] = json.loads((PACKAGE / "translations" / "en.json").read_text())
ICONS: dict[str, Any] = json.loads((PACKAGE / "icons.json").read_text())
SERVICES: dict[str, Any] = parse_yaml((PACKAGE / "services.yaml").read_text())  # type: ignore[assignment]
TRIGGERS: dict[str, Any] = parse_yaml((PACKAGE / "triggers.yaml").read_text())  # type: ignore[assignment]
CONDITIONS: dict[str, Any] = parse_yaml((PACKAGE / "conditions.yaml").read_text())  # type: ignore[assignment]

SOURCES = [
    path for path in PACKAGE.rglob("*.py") if "virtual" not in path.relative_to(PACKAGE).parts
]
FIXES = {kind: texts["fix_flow"] for kind, texts in TEXTS["issues"].items() if "fix_flow" in texts}

DIFFERENCES = (COORDINATOR, EXTENDED_PAN_ID, PAN_ID, CHANNEL, KEY)

type Flow = tuple[dict[str, Any], tuple[ModuleType, ...]]

FLOWS: dict[str, Flow] = {
    "config": (
        TEXTS["config"],
        (
            config_flow,
            setup,
            discovery,
            new_entry,
            port,
            restore,
            takeover,
            z2m_upload,
            zha_network,
        ),
    ),
    "options": (
        TEXTS["options"],
        (options, backup_options, firmware_options, mqtt_options, zha_options),
    ),
    "add_device": (TEXTS["config_subentries"][config_flow.ADD_DEVICE], (add_device,)),
    "other_network": (FIXES["other_network"], (network_repair, coordinator_repair)),
    "not_formed": (FIXES["not_formed"], (network_repair, coordinator_repair)),
    "database_unusable": (FIXES["database_unusable"], (database_repair, coordinator_repair)),
    "knob_command_mode": (FIXES["knob_command_mode"], (device_repair,)),
}

NOT_RAISED = {
    RadioProblem.NOT_FORMED,
    RadioProblem.DATABASE,
    RadioProblem.DATABASE_NEWER,
    RadioProblem.OTHER_NETWORK,
}
"""Problems of an entry's start only: a probed coordinator has no database."""


def tree(module: ModuleType) -> ast.Module:
    """A module's source."""
    assert module.__file__ is not None
    return ast.parse(Path(module.__file__).read_text())


def strings(node: ast.AST) -> Iterator[str]:
    """All string constants below a node."""
    for each in ast.walk(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, str):
            yield each.value


def calls(module: ModuleType, *names: str) -> Iterator[ast.Call]:
    """Calls of methods of certain names."""
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
            if name in names:
                yield node


def argument(call: ast.Call, keyword: str, place: int | None = None) -> ast.expr | None:
    """An argument by its keyword, or by its place."""
    for each in call.keywords:
        if each.arg == keyword:
            return each.value
    return call.args[place] if place is not None and len(call.args) > place else None


def said(module: ModuleType, keyword: str, place: int | None, *names: str) -> set[str]:
    """Return the strings that are passed to an argument of some calls."""
    found = (argument(call, keyword, place) for call in calls(module, *names))
    return set(chain.from_iterable(strings(each) for each in found if each is not None))


def steps_shown(modules: tuple[ModuleType, ...]) -> set[str]:
    """The steps whose form or menu is shown."""
    return {
        step
        for module in modules
        for step in said(module, "step_id", None, "async_show_form", "async_show_menu")
        | said(module, "step", 0, "_form")
    }


def steps_there(modules: tuple[ModuleType, ...]) -> set[str]:
    """The steps that there are."""
    return {
        node.name.removeprefix("async_step_")
        for module in modules
        for node in ast.walk(tree(module))
        if isinstance(node, ast.AsyncFunctionDef) and node.name.startswith("async_step_")
    }


def progress_shown(modules: tuple[ModuleType, ...]) -> set[str]:
    """Return the texts shown with progress."""
    return {
        action for module in modules for action in said(module, "step", 0, "_work", "_work_at_port")
    }


def reasons(modules: tuple[ModuleType, ...]) -> set[str]:
    """Return the reasons of aborted flows, and the results of reconfiguring."""
    names = ("AbortFlow", "async_abort", "_finish", "async_update_reload_and_abort")
    return {reason for module in modules for reason in said(module, "reason", 0, *names)}


def menus(modules: tuple[ModuleType, ...]) -> set[str]:
    """Return the steps of menus: strings that are steps, in functions that show a menu."""
    found = set()
    for module in modules:
        for function in ast.walk(tree(module)):
            if isinstance(function, ast.AsyncFunctionDef):
                found |= set(strings(function)) - {function.name}
    return found & steps_there(modules)


def errors(modules: tuple[ModuleType, ...]) -> set[str]:
    """Return the errors of forms, as far as they are literals."""
    found = set()
    for module in modules:
        for node in ast.walk(tree(module)):
            match node:
                case (
                    ast.Assign(
                        targets=[ast.Subscript(slice=ast.Constant(value="base"))], value=value
                    )
                    | ast.Assign(targets=[ast.Attribute(attr="_error")], value=value)
                ):
                    found |= set(strings(value))
                case ast.Dict(keys=[ast.Constant(value="base")], values=[value]):
                    found |= set(strings(value))
    return found - {"base"}


# Required texts exist


@pytest.mark.parametrize("flow", FLOWS)
def test_steps_are_translated(flow: str) -> None:
    texts, modules = FLOWS[flow]
    for step in steps_shown(modules):
        assert "title" in texts["step"][step], step


@pytest.mark.parametrize("flow", FLOWS)
def test_menus_lead_to_steps(flow: str) -> None:
    texts, modules = FLOWS[flow]
    for step, content in texts["step"].items():
        for option in content.get("menu_options", {}):
            assert option in steps_there(modules), (step, option)


@pytest.mark.parametrize("flow", FLOWS)
def test_progress_is_translated(flow: str) -> None:
    texts, modules = FLOWS[flow]
    shown = progress_shown(modules)
    assert shown == set(texts.get("progress", {}))
    if flow in (
        "config",
        "options",
        "add_device",
    ):  # the frontend shows no titles of their own in repairs
        for step in shown:
            assert "title" in texts["step"][step], step


@pytest.mark.parametrize("flow", FLOWS)
def test_ends_are_translated(flow: str) -> None:
    texts, modules = FLOWS[flow]
    assert reasons(modules) <= set(texts.get("abort", {}))


@pytest.mark.parametrize("flow", FLOWS)
def test_errors_are_translated(flow: str) -> None:
    texts, modules = FLOWS[flow]
    assert errors(modules) <= set(texts.get("error", {}))


@pytest.mark.parametrize("flow", ["config", "other_network", "not_formed"])
def test_problems_of_a_coordinator_are_translated(flow: str) -> None:
    texts, _ = FLOWS[flow]
    wanted = set(RadioProblem) - NOT_RAISED
    assert wanted <= set(texts["error"])


def test_problems_of_files_are_translated() -> None:
    assert {*BackupProblem, *MigrationFailure} <= set(TEXTS["config"]["error"])


def test_exceptions_are_translated() -> None:
    raised = {
        key
        for source in SOURCES
        for node in ast.walk(ast.parse(source.read_text()))
        if isinstance(node, ast.Call)
        and any(each.arg == "translation_domain" for each in node.keywords)
        and (value := argument(node, "translation_key")) is not None
        for key in strings(value)
    }
    assert raised | {*RadioProblem, *Obstacle} == set(TEXTS["exceptions"])


def test_issues_are_translated() -> None:
    problems = {p.issue for each in DEFINITIONS.values() for p in each.problems}
    ours = {
        repairs_monitor.FIRMWARE,
        repairs_monitor.FIRMWARE_NOT_SUPPORTED,
        repairs_monitor.LOST,
        repairs_monitor.SHARED,
        repairs_monitor.ROUTERS,
        repairs_monitor.ROUTER,
        repairs_monitor.OWNED,
        *repairs_monitor.SETUP,
    }
    ours |= {repairs_monitor.STORAGE, repairs_monitor.STORAGE_DAMAGED, guest.CHANGED}
    mirror = {"mqtt_foreign_bridge", "mqtt_unavailable"}
    assert {*Finding, *problems, *ours, *mirror} == set(TEXTS["issues"])


def test_issues_that_can_be_fixed_have_a_flow_and_others_a_text() -> None:
    fixed = {p.issue for d in DEFINITIONS.values() for p in d.problems if p.fix is not None}
    for kind, content in TEXTS["issues"].items():
        is_fixable = kind in fixed | {
            repairs_monitor.NOT_FORMED,
            repairs_monitor.OTHER_NETWORK,
            repairs_monitor.DATABASE,
        }
        assert ("fix_flow" in content) is is_fixable, kind
        assert ("description" in content) is not is_fixable, kind
        assert content["title"], kind


def test_actions_are_translated() -> None:
    """Each field of each, both ways."""
    assert set(SERVICES) == set(TEXTS["services"])
    for name, action in SERVICES.items():
        fields = (action or {}).get("fields", {})
        assert set(fields) == set(TEXTS["services"][name].get("fields", {})), name


@pytest.mark.parametrize(
    ("kind", "described", "classes"),
    [
        ("triggers", TRIGGERS, trigger.TRIGGERS),
        ("conditions", CONDITIONS, condition.CONDITIONS),
    ],
)
def test_triggers_and_conditions_are_translated(
    kind: str, described: dict[str, Any], classes: dict[str, Any]
) -> None:
    """Each field and each of its options has a description and a text, and each has an icon."""
    described = {name: each for name, each in described.items() if not name.startswith(".")}
    assert set(described) == set(classes) == set(TEXTS[kind]) == set(ICONS[kind])
    for name, each in described.items():
        fields = each.get("fields", {})
        texts = TEXTS[kind][name].get("fields", {})
        assert set(fields) == set(texts), name
        for field, content in fields.items():
            assert "name" in texts[field]
            if (select := content["selector"].get("select")) is not None:
                options = TEXTS["selector"][select["translation_key"]]["options"]
                assert set(select["options"]) == set(options), (name, field)


def test_system_health_is_translated() -> None:
    wanted = {"version", "zigpy", "zigpy_tested", *system_health._FACTS}
    assert wanted == set(TEXTS["system_health"]["info"])


def test_every_assembled_text_exists() -> None:
    """Texts that are assembled at run time."""
    backup = TEXTS["selector"]["backup"]["options"]
    assert set(Reason) <= set(backup)
    facts = {CHANNEL, COORDINATOR, EXTENDED_PAN_ID, PAN_ID}
    facts |= {"backup", "source", "time", "age", "devices"}
    assert {f"fact_{name}" for name in facts} <= set(backup)
    assert {f"difference_{name}" for name in DIFFERENCES} <= set(backup)
    assert {*CoordinatorAction, *NotMigrated, *MigrationWarning} <= set(
        TEXTS["selector"]["takeover"]["options"]
    )


def test_every_model_has_help_for_its_pairing() -> None:
    known = TEXTS["selector"]["pairing_help"]["options"]
    missing = {each.model.lower() for each in DEFINITIONS.distinct()} - known.keys()
    assert not missing, (
        f"say how to pair: add {missing} to selector.pairing_help.options in translations/en.json"
    )
    assert known.keys() == {each.model.lower() for each in DEFINITIONS.distinct()}


def test_fields_of_forms_are_explained() -> None:
    """`data` and `data_description` name the same fields."""
    for texts, _ in FLOWS.values():
        for step, content in texts["step"].items():
            for part in (content, *content.get("sections", {}).values()):
                assert set(part.get("data", {})) == set(part.get("data_description", {})), step


# Existing texts are required


def known_strings() -> set[str]:
    """Return all strings of the source, and those it creates."""
    found = set(chain.from_iterable(strings(ast.parse(path.read_text())) for path in SOURCES))
    found |= set(chain.from_iterable(word.split(".") for word in found))
    for meter in chain.from_iterable(meters_of(each) for each in DEFINITIONS.values()):
        found |= {f"reset_{meter.name}", f"{meter.name}_since_reset"}
    found |= {
        each["selector"]["select"]["translation_key"]
        for described in (*TRIGGERS.values(), *CONDITIONS.values())
        for each in described.get("fields", {}).values()
        if "select" in each["selector"]
    }
    found |= {option.name for each in DEFINITIONS.values() for option in each.options}
    found |= {f"fact_{word}" for word in found}
    found |= {f"difference_{name}" for name in DIFFERENCES}
    return found


KNOWN = known_strings()


def keys(part: dict[str, Any], *path: str) -> Iterator[str]:
    """Names of texts at a path; `*` is any name."""
    if not path:
        yield from part
    elif path[0] == "*":
        for each in part.values():
            yield from keys(each, *path[1:])
    else:
        yield from keys(part.get(path[0], {}), *path[1:])


@pytest.mark.parametrize(
    "path",
    [
        ("*", "error"),
        ("*", "abort"),
        ("*", "step", "*", "data"),
        ("*", "step", "*", "menu_options"),
        ("*", "step", "*", "sections"),
        ("*", "step", "*", "sections", "*", "data"),
        ("issues", "*", "fix_flow", "error"),
        ("issues", "*", "fix_flow", "abort"),
        ("issues", "*", "fix_flow", "step", "*", "menu_options"),
        ("exceptions",),
        ("entity", "*"),
        ("selector",),
        ("selector", "*", "options"),
    ],
    ids=".".join,
)
def test_nothing_is_left_over(path: tuple[str, ...]) -> None:
    home_assistants = {"already_configured", "already_in_progress", "reconfigure_successful"}
    dialogs = {name: FLOWS[name][0] for name in ("config", "options", "add_device")}
    parts = TEXTS if path[0] != "*" else dialogs
    unused = {key for key in keys(parts, *path) if key not in KNOWN | home_assistants}
    lower = {word.lower() for word in KNOWN}
    assert {key for key in unused if key not in lower} == set()


@pytest.mark.parametrize("flow", FLOWS)
def test_no_step_is_left_over(flow: str) -> None:
    texts, modules = FLOWS[flow]
    assert set(texts["step"]) <= steps_there(modules)


@pytest.mark.parametrize("flow", FLOWS)
def test_menus_are_translated(flow: str) -> None:
    """Each step that is somewhere an option is translated where a menu offers it."""
    texts, modules = FLOWS[flow]
    shown = {step for call_step in [steps_shown(modules)] for step in call_step}
    offered = {
        option
        for module in modules
        for option in said(module, "menu_options", None, "async_show_menu")
    }
    translated = set(chain.from_iterable(s.get("menu_options", {}) for s in texts["step"].values()))
    assert offered & menus(modules) <= translated
    assert shown


# Each gets its values


PLACEHOLDER = re.compile(r"\{(\w+)\}")


@pytest.mark.parametrize("flow", FLOWS)
def test_values_of_steps_are_given(flow: str) -> None:
    """A placeholder without a value appears with its braces."""
    texts, modules = FLOWS[flow]
    given = set(chain.from_iterable(strings(tree(module)) for module in modules))
    for path, text in leaves(texts):
        for name in PLACEHOLDER.findall(text):
            assert name in given, (path, name)


def leaves(part: dict[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """All texts below."""
    for key, value in part.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{path}.{key}")
        else:
            yield f"{path}.{key}", value


def test_texts_follow_home_assistants_rules() -> None:
    """No HTML, no addresses, no blanks at the ends, no quoted placeholders, names in lower case."""
    for path, text in leaves(TEXTS):
        assert text == text.strip(), path
        assert not re.search(r"https?://|www\.", text), path
        assert not re.search(r"</?[a-z]+>", text), path
        assert not re.search(r"'\{\w+\}'", text), path
        assert re.fullmatch(r"[a-z0-9_.-]+", path), path


def test_what_an_entry_offers_is_in_the_menu_of_the_entry() -> None:
    """The integration's own menu has no *Reconfigure*."""
    for path, text in leaves(TEXTS):
        if "select Reconfigure in the menu" in text:
            assert "in the menu of {title}" in text, path


def test_enumerations_have_texts() -> None:
    """Translation keys are `StrEnum`s, so that they can be compared with texts here."""
    for each in (
        RadioProblem,
        BackupProblem,
        MigrationFailure,
        Obstacle,
        Finding,
        Reason,
        CoordinatorAction,
        NotMigrated,
        MigrationWarning,
    ):
        assert issubclass(each, StrEnum)
