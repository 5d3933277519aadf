"""Null for unknown values, as Zigbee2MQTT publishes it for Home Assistant's MQTT entities."""

from collections.abc import Callable

import pytest

from tests.mirror.stage import ON, Stage

SINGLE = "18b00a5500210100"
"""The knob is pressed: Multistate Input of endpoint 1."""

NO_FIRMWARE = {"installed_version": -1, "latest_version": -1, "state": None}


def begin(make: Callable[..., Stage], model: str, **settings: object) -> Stage:
    """Return a stage with a device of a model and a publishing mirror."""
    stage = make(**settings)
    stage.add(model)
    stage.begin()
    return stage


def test_a_plug(make: Callable[..., Stage]) -> None:
    """Source: Zigbee2MQTT 2.14.1 with its discovery, the same report."""
    stage = begin(make, "lumi.plug", null_values=True)
    stage.receive(ON, 6)
    assert stage.states() == [
        {
            "device_temperature": None,
            "energy": None,
            "power": None,
            "power_outage_memory": None,
            "state": "ON",
            "update": NO_FIRMWARE,
        }
    ]


def test_a_relay_has_nulls_by_channel(make: Callable[..., Stage]) -> None:
    stage = begin(make, "lumi.relay.c2acn01", null_values=True, last_seen="epoch")
    stage.gateway["00:15:8d:00:01:a1:b2:c4"].last_seen = None
    stage.receive(ON, 6, 2)
    (state,) = stage.states()
    assert (state["state_l1"], state["state_l2"], state["interlock"]) == (None, "ON", None)
    assert state["last_seen"] is not None


@pytest.mark.parametrize("reset", [True, False])
def test_a_knob_has_no_null_for_its_action(make: Callable[..., Stage], reset: bool) -> None:
    """Unless an entity shows the action, which is cleared after each."""
    stage = begin(make, "lumi.remote.rkba01", null_values=True, action_reset=reset)
    stage.receive(SINGLE, 0x12)
    first, *after = stage.states()
    assert first["action"] == "single"
    assert first["action_rotation_angle"] is None
    assert first["operation_mode"] is None
    assert "update" not in first
    assert [state["action"] for state in after] == ([""] if reset else [])
    stage.receive("1c5f11010af70041040121b80b", 0xFCC0)
    assert stage.states()[-1]["battery"] == 100
    assert ("action" in stage.states()[-1]) is reset


def test_filtered_properties_are_not_null(make: Callable[..., Stage]) -> None:
    stage = make(null_values=True)
    stage.add("lumi.lock.aq1", filtered_attributes=["state", "update"])
    stage.begin()
    stage.receive("1c5f11020a11ff23a0000500", 0x0101)
    assert all("state" not in state and "update" not in state for state in stage.states())


def test_unknown_states_are_not_published_at_the_start(make: Callable[..., Stage]) -> None:
    """Zigbee2MQTT publishes only stored values at its start."""
    stage = make(null_values=True)
    stage.add("lumi.plug")
    stage.mirror.start()
    stage.mirror.connected()
    stage.clock.pass_(1)
    assert stage.said("device") == []


def test_by_default_there_are_none(plug: Stage) -> None:
    plug.receive(ON, 6)
    assert plug.states() == [{"state": "ON"}]
