"""The check of the coverage report, and each reason why it refuses one."""

import json
from pathlib import Path
from typing import Any

import pytest

from scripts.coverage_floor import main

PACKAGE = "custom_components/aqara_zigbee"


def module(percent: float, *missing: int) -> dict[str, Any]:
    """A module's part of coverage's report."""
    return {"summary": {"percent_covered": percent}, "missing_lines": list(missing)}


@pytest.mark.parametrize(
    ("name", "data", "refusal"),
    [
        ("sensor.py", module(95.0, 7, 8), ""),
        ("sensor.py", module(94.9, 7, 8), "94.9 % is too little"),
        ("flows/setup.py", module(99.0), ""),
        ("flows/setup.py", module(99.0, 7, 8), "no test runs 7, 8"),
        ("flows/device_repair.py", module(99.0, 7, 8), ""),
        ("config_flow.py", module(99.9, 7), "no test runs 7"),
    ],
)
def test_module(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    data: dict[str, Any],
    refusal: str,
) -> None:
    report = tmp_path / "report.json"
    files = {f"{PACKAGE}/config_flow.py": module(100.0), f"{PACKAGE}/{name}": data}
    report.write_text(json.dumps({"files": files}))
    assert main(str(report)) is bool(refusal)
    assert capsys.readouterr().err == (f"{PACKAGE}/{name}: {refusal}\n" if refusal else "")


def test_report_without_the_config_flow(tmp_path: Path) -> None:
    """Coverage was measured elsewhere, and the demand on flows would be met by none."""
    report = tmp_path / "report.json"
    report.write_text(json.dumps({"files": {"src/sensor.py": module(100.0)}}))
    with pytest.raises(KeyError):
        main(str(report))
