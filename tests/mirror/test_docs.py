"""docs/mqtt.md is complete; its tables are tested with those of docs/devices.md."""

from pathlib import Path

from custom_components.aqara_zigbee.core.models import DEFINITIONS
from custom_components.aqara_zigbee.mirror.exposes import DEVIATIONS
from custom_components.aqara_zigbee.mirror.requests.dispatch import GLOBAL, HOOKED
from custom_components.aqara_zigbee.mirror.settings import CHECKS

PAGE = (Path(__file__).parents[2] / "docs" / "mqtt.md").read_text()


def test_no_member_is_missing() -> None:
    for name in (*DEVIATIONS, *CHECKS, *HOOKED, *(".".join(place) for place in GLOBAL)):
        assert name == "order" or f"`{name}`" in PAGE, name
    for action in {word for d in DEFINITIONS.values() if d.action for word in d.action.values}:
        assert f"`{action}" in PAGE, action
