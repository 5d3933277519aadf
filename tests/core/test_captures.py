"""Frames that people have caught on the air and shown in public."""

import json
from typing import Any

import pytest

from custom_components.aqara_zigbee.core import zcl
from custom_components.aqara_zigbee.core.models import DEFINITIONS
from tests.examples import FIXTURES

CAPTURES: list[dict[str, Any]] = json.loads((FIXTURES / "captures.json").read_text())


@pytest.mark.parametrize("capture", CAPTURES, ids=[capture["id"] for capture in CAPTURES])
def test_capture(capture: dict[str, Any]) -> None:
    report = zcl.read_report(
        capture["endpoint"], capture["cluster"], bytes.fromhex(capture["frame"])
    )
    assert report is not None
    assert DEFINITIONS[capture["model"]].decode(report, {}) == capture["changes"]
