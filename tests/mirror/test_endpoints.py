"""Endpoints with names of their own: left and right instead of l1 and l2."""

import pytest

from custom_components.aqara_zigbee.core import zcl
from custom_components.aqara_zigbee.core.definition import Feed
from custom_components.aqara_zigbee.core.device import Device
from custom_components.aqara_zigbee.core.devices.lumi import on_off, unpack
from custom_components.aqara_zigbee.core.models import DEFINITIONS
from custom_components.aqara_zigbee.mirror.exposes import definition_of
from tests.core.invented import definition
from tests.mirror.stage import ON, Stage

WALL_SWITCH = definition(
    on_off("state_top_left", heartbeat=0x64, endpoint=1),
    on_off("state_right", heartbeat=0x65, endpoint=2),
    feed=Feed.MAINS,
    unpack=unpack,
    endpoints={"top_left": 1, "right": 2},
)


@pytest.fixture
def device(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Device:
    monkeypatch.setitem(DEFINITIONS.loaded, WALL_SWITCH.zigbee_model, WALL_SWITCH)
    device = stage.add(WALL_SWITCH.zigbee_model, "lamp")
    stage.begin()
    return device


@pytest.mark.parametrize(
    ("topic", "payload", "endpoint"),
    [
        ("lamp/set", '{"state_right": "ON"}', 2),
        ("lamp/set", '{"state_top_left": "ON"}', 1),
        ("lamp/set", "ON", 1),
        ("lamp/right/set", "ON", 2),
        ("lamp/top_left/set", '{"state": "ON"}', 1),
        ("lamp/2/set", '{"state": "ON"}', 2),
        ("lamp/set/state_right", "ON", 2),
    ],
)
async def test_commands_reach_the_endpoint(
    stage: Stage, device: Device, topic: str, payload: str, endpoint: int
) -> None:
    await stage.ask(topic, payload)
    assert stage.errors == []
    assert [request for request in stage.radio.sent if isinstance(request, zcl.Command)] == [
        zcl.Command(endpoint, zcl.Cluster.ON_OFF, 1, repeatable=True)
    ]


async def test_a_timer_of_a_named_endpoint_switches_nothing_on(
    stage: Stage, device: Device
) -> None:
    """It would never be switched off again."""
    await stage.ask("lamp/set", {"state_right": "ON", "on_time_right": 60})
    assert stage.radio.sent == []
    (error,) = stage.errors
    assert "'on_time_right' is not supported, so nothing was switched" in error


async def test_a_missing_endpoint(stage: Stage, device: Device) -> None:
    await stage.ask("lamp/set", {"state_l3": "ON"})
    assert stage.errors == ["Device 'lamp' has no endpoint 'l3'"]
    assert stage.radio.sent == []


def test_a_contact_is_described_with_its_endpoint() -> None:
    entries = definition_of(WALL_SWITCH)["exposes"]
    features = {entry["endpoint"]: entry["features"][0] for entry in entries}
    assert {end: (each["name"], each["property"]) for end, each in features.items()} == {
        "top_left": ("state", "state_top_left"),
        "right": ("state", "state_right"),
    }


def test_an_action_of_a_contact_names_its_endpoint(stage: Stage, device: Device) -> None:
    device.options["state_action"] = True
    stage.mirror.stop()
    stage.begin()
    stage.receive(ON, 6, 1)
    stage.receive(ON.replace("7a", "7b").removesuffix("01") + "00", 6, 1)
    assert [state["action"] for state in stage.states("lamp") if "action" in state] == [
        "off_top_left"
    ]
