"""The quality scale has every rule, and only claims that are proved."""

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
    assert status(rule) in ("done", "todo", "exempt")
    if isinstance(RULES[rule], dict):
        assert RULES[rule].keys() == {"status", "comment"}
        assert RULES[rule]["comment"].strip()
    else:
        assert status(rule) == "done", "what is not done says why"


def test_claimed_tier_is_reached() -> None:
    """Nothing is claimed in the manifest that is still to be done."""
    claimed = MANIFEST.get("quality_scale")
    names = list(TIERS)
    for tier in names[: names.index(claimed) + 1] if claimed else ():
        assert [rule for rule in TIERS[tier].split() if status(rule) == "todo"] == []


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
