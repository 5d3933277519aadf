"""Packages that Home Assistant would install at its first start, from its own manifests.

``--check`` exits with 1 and prints missing ones, so that ``scripts/setup`` detects them before the
first start of the demo.
"""

from importlib.metadata import PackageNotFoundError, version
import json
from pathlib import Path
import sys

import homeassistant
from homeassistant import bootstrap
from packaging.requirements import Requirement

COMPONENTS = Path(homeassistant.__file__).parent / "components"
OURS = Path(__file__).parent.parent / "custom_components"

# Loaded by the demo's configuration on top of what Home Assistant always loads.
DEMO = {"aqara_zigbee", "config", "history", "logbook", "lovelace", "mqtt", "recorder", "my"}


def manifest(domain: str) -> dict[str, list[str]]:
    """The manifest of an integration of ours or Home Assistant's; empty for unknown ones."""
    for folder in (OURS, COMPONENTS):
        path = folder / domain / "manifest.json"
        if path.exists():
            return json.loads(path.read_text())  # type: ignore[no-any-return]
    return {}


def start_requirements() -> set[str]:
    """The requirements of everything that is loaded, through all dependencies."""
    # ZHA is only named so that it starts first where it is set up; its own packages stay out.
    left_out = {"zha", "hassio"}
    todo = DEMO | bootstrap.CORE_INTEGRATIONS | bootstrap.DEFAULT_INTEGRATIONS
    seen: set[str] = set()
    requirements: set[str] = set()
    while todo:
        domain = todo.pop()
        seen.add(domain)
        found = manifest(domain)
        requirements.update(found.get("requirements", ()))
        wanted = [*found.get("dependencies", ()), *found.get("after_dependencies", ())]
        todo.update(set(wanted) - seen - left_out)
    return requirements


def is_installed(requirement: str) -> bool:
    """Whether the environment satisfies a requirement string."""
    parsed = Requirement(requirement)
    try:
        return version(parsed.name) in parsed.specifier
    except PackageNotFoundError:
        return False


def main() -> int:
    """Print the requirements, or with ``--check`` only those that are missing."""
    requirements = sorted(start_requirements(), key=str.lower)
    if "--check" not in sys.argv:
        print("\n".join(requirements))
        return 0
    missing = [requirement for requirement in requirements if not is_installed(requirement)]
    if missing:
        print("not installed, add to requirements/demo.txt:", *missing, sep="\n  ", file=sys.stderr)
    return bool(missing)


if __name__ == "__main__":
    sys.exit(main())
