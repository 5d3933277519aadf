"""The workflows run what they should, with actions that cannot change and without rights they do not need."""

from pathlib import Path
import re
from typing import Any

from homeassistant.util.yaml import load_yaml_dict
import pytest

WORKFLOWS = Path(__file__).parent.parent / ".github" / "workflows"
FILES = sorted(WORKFLOWS.glob("*.yml"))


def load(name: str) -> dict[Any, Any]:
    """A workflow by its file's name. YAML reads its key `on` as true."""
    return load_yaml_dict(WORKFLOWS / f"{name}.yml")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_actions_are_pinned_by_their_commit(path: Path) -> None:
    used = re.findall(r"uses: (.+)$", path.read_text(), re.MULTILINE)
    assert used
    for action in used:
        assert action.startswith("./") or re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # \S+", action), (
            action
        )


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_jobs_have_only_the_rights_they_name(path: Path) -> None:
    workflow = load(path.stem)
    assert workflow["permissions"] == {}
    for name, job in workflow["jobs"].items():
        assert job["permissions"], name
        for step in job.get("steps", []):
            if "actions/checkout" in step.get("uses", ""):
                assert step["with"]["persist-credentials"] is False, name


def test_release_waits_for_all_checks() -> None:
    jobs = load("release")["jobs"]
    assert jobs["checks"]["uses"] == "./.github/workflows/checks.yml"
    assert jobs["release"]["needs"] == "checks"
    assert "workflow_call" in load("checks")[True]


def test_release_is_published_with_its_archive() -> None:
    """`gh release create` uploads the files that it is given before it publishes the release."""
    steps = load("release")["jobs"]["release"]["steps"]
    (publish,) = [step["run"] for step in steps if "gh release" in step.get("run", "")]
    assert re.match(r'gh release create "\$TAG" aqara_zigbee\.zip ', publish)


def test_newest_home_assistant_runs_every_night() -> None:
    workflow = load("newest")
    (schedule,) = workflow[True]["schedule"]
    assert re.fullmatch(r"\d+ \d+ \* \* \*", schedule["cron"])
    (step,) = [each for each in workflow["jobs"]["tests"]["steps"] if "run" in each]
    assert step["run"] == "scripts/test-newest"
    assert step["env"] == {"LATEST": "1"}


def test_dialogs_are_walked_through_in_a_browser() -> None:
    job = load("checks")["jobs"]["browser"]
    (step,) = [each for each in job["steps"] if "run" in each]
    assert step["run"] == "scripts/browser"
