"""The quality scale has every rule, and only claims that are proved."""

from importlib.metadata import files
import json
from pathlib import Path
from typing import Any

from homeassistant.util.yaml import load_yaml_dict
import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "custom_components" / "aqara_zigbee"

TIERS = {
    "bronze": """action-setup appropriate-polling brands common-modules config-flow-test-coverage
        config-flow dependency-transparency docs-actions docs-triggers docs-conditions
        docs-high-level-description docs-installation-instructions docs-removal-instructions
        entity-event-setup entity-unique-id has-entity-name runtime-data test-before-configure
        test-before-setup unique-config-entry""",
    "silver": """action-exceptions config-entry-unloading docs-configuration-parameters
        docs-installation-parameters entity-unavailable integration-owner log-when-unavailable
        parallel-updates reauthentication-flow test-coverage""",
    "gold": """devices diagnostics discovery-update-info discovery docs-data-update docs-examples
        docs-known-limitations docs-supported-devices docs-supported-functions docs-troubleshooting
        docs-use-cases dynamic-devices entity-category entity-device-class
        entity-disabled-by-default entity-translations exception-translations icon-translations
        reconfiguration-flow repair-issues stale-devices""",
    "platinum": "async-dependency inject-websession strict-typing",
}
"""All rules of Home Assistant 2026.10."""

RULES: dict[str, Any] = load_yaml_dict(PACKAGE / "quality_scale.yaml")["rules"]
MANIFEST: dict[str, Any] = json.loads((PACKAGE / "manifest.json").read_text())


def status(rule: str) -> str:
    """`done`, `todo` or `exempt`."""
    found = RULES[rule]
    return str(found["status"] if isinstance(found, dict) else found)


def test_exactly_the_known_rules() -> None:
    wanted = [rule for tier in TIERS.values() for rule in tier.split()]
    assert len(wanted) == 54
    assert sorted(RULES) == sorted(wanted)


@pytest.mark.parametrize("rule", RULES)
def test_rule_has_home_assistants_format(rule: str) -> None:
    assert status(rule) in ("done", "exempt")
    if isinstance(RULES[rule], dict):
        assert RULES[rule].keys() == {"status", "comment"}
        assert RULES[rule]["comment"].strip()
    else:
        assert status(rule) == "done", "what is not done says why"


def test_highest_tier_is_claimed() -> None:
    """Every rule is done or exempt, so it is reached."""
    assert MANIFEST["quality_scale"] == list(TIERS)[-1]


def test_exemptions_are_the_known_ones() -> None:
    """One more is a decision, and not a way to be done."""
    exempt = {rule for rule in RULES if status(rule) == "exempt"}
    assert exempt == {"reauthentication-flow", "strict-typing"}


def test_owners_are_those_of_the_repository() -> None:
    """`integration-owner`: GitHub notifies them, and a release is refused while it does not know them."""
    (line,) = (ROOT / ".github" / "CODEOWNERS").read_text().splitlines()
    assert line.split() == ["*", *MANIFEST["codeowners"]]
    steps = load_yaml_dict(ROOT / ".github" / "workflows" / "release.yml")["jobs"]["release"][
        "steps"
    ]
    runs = [step.get("run", "") for step in steps]
    (asked,) = [number for number, run in enumerate(runs) if "/codeowners/errors" in run]
    (published,) = [number for number, run in enumerate(runs) if "gh release create" in run]
    assert asked < published


def test_strict_typing_is_exempt_for_one_library_only() -> None:
    """With its first typed release the exemption ends."""
    names = [requirement.partition(">")[0] for requirement in MANIFEST["requirements"]]
    untyped = {
        name for name in names if not any(file.name == "py.typed" for file in files(name) or ())
    }
    assert untyped == {"zigpy-znp"}


@pytest.mark.parametrize(
    ("rule", "proof"),
    [
        ("brands", "brand/icon.png"),
        ("diagnostics", "diagnostics.py"),
        ("repair-issues", "repairs.py"),
        ("icon-translations", "icons.json"),
        ("entity-translations", "translations/en.json"),
        ("config-flow", "config_flow.py"),
    ],
)
def test_rules_that_are_done(rule: str, proof: str) -> None:
    assert (status(rule) == "done") is (PACKAGE / proof).is_file()


def test_docs_are_done_when_there_is_a_readme() -> None:
    done = [rule for rule in RULES if rule.startswith("docs-") and status(rule) == "done"]
    assert not done or (ROOT / "README.md").is_file()


def test_discovery_is_done_with_matchers_in_the_manifest() -> None:
    assert (status("discovery") == "done") is bool(MANIFEST.keys() & {"usb", "zeroconf"})


def test_every_platform_limits_parallel_updates() -> None:
    """`parallel-updates`."""
    entities = [
        path
        for path in PACKAGE.glob("*.py")
        if "AddConfigEntryEntitiesCallback" in path.read_text() and path.name != "platforms.py"
    ]
    assert entities
    for path in entities:
        assert "PARALLEL_UPDATES = " in path.read_text(), path
