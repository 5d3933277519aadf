"""Refuse a module whose tests run less than 95 % of it, and a flow with a line that no test runs.

An average would hide them. Home Assistant's quality scale demands both: `test-coverage` for each module, and
`config-flow-test-coverage` for the config flow, the options flow and the flow that adds devices, whose steps are in
`flows`. Repair flows are modules like others.
"""

import json
from pathlib import Path
import sys
from typing import Any

FLOOR = 95.0

_PACKAGE = "custom_components/aqara_zigbee/"
_FLOWS = (f"{_PACKAGE}config_flow.py", f"{_PACKAGE}flows/")


def complaint(name: str, data: dict[str, Any]) -> str | None:
    """Return what is missing in a module's tests, from its part of coverage's report."""
    percent = data["summary"]["percent_covered"]
    if percent < FLOOR:
        return f"{name}: {percent:.1f} % is too little"
    if name.startswith(_FLOWS) and not name.endswith("_repair.py") and data["missing_lines"]:
        return f"{name}: no test runs {', '.join(map(str, data['missing_lines']))}"
    return None


def main(report: str) -> int:
    """Print what is missing in each module.

    Raises:
        KeyError: the report is without the config flow.
    """
    files = json.loads(Path(report).read_text())["files"]
    assert files[_FLOWS[0]]
    found = [text for name, data in sorted(files.items()) if (text := complaint(name, data))]
    for text in found:
        print(text, file=sys.stderr)
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
