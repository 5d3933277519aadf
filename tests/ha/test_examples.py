"""The examples in tests/fixtures through a running Home Assistant: frames on the air, states in the end."""

import json
from typing import Any

from homeassistant.const import STATE_OFF, STATE_ON
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.aqara_zigbee.core.definition import Definition
from custom_components.aqara_zigbee.core.device import Device
from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.core.property import Action, Binary, Numeric, Shown
from custom_components.aqara_zigbee.simulator.home import Home
from tests import examples
from tests.examples import MODELS, Example
from tests.ha.conftest import entity_id, join, send_frame, simulated, state, until


async def enable_all(hass: HomeAssistant, device: Device) -> None:
    """Enable what is disabled from the start."""
    registry = er.async_get(hass)
    for entity in list(registry.entities.values()):
        if entity.unique_id.startswith(device.ieee) and entity.disabled_by:
            registry.async_update_entity(entity.entity_id, disabled_by=None)


@pytest.mark.parametrize("model", MODELS)
async def test_frames(
    hass: HomeAssistant, home: Home, gateway: Gateway, subtests: pytest.Subtests, model: str
) -> None:
    """Every frame of a model, one after the other, each on a device that remembers nothing."""
    found = [example for example in examples.load(model) if example.frame]
    node = simulated(found[0].zigbee_model)
    device = await join(home, gateway, node)
    await enable_all(hass, device)
    (entry,) = hass.config_entries.async_entries("aqara_zigbee")
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    gateway = entry.runtime_data.gateway
    device = gateway[node.ieee]
    for example in found:
        with subtests.test(example.id):
            device.state.clear()
            device.options = dict(example.options)
            await send_frame(hass, node, device, example.cluster, example.endpoint, example.frame)
            assert device.definition is not None
            check_entities(hass, device, device.definition, example)


def check_entities(
    hass: HomeAssistant, device: Device, definition: Definition, example: Example
) -> None:
    """Whether entities show what the example demands."""
    for key, value in example.expected.items():
        if key == "action":
            check_event(hass, device, definition, example)
        elif key in definition and Shown.HOME in definition[key].shown:
            row = definition[key]
            if group := definition.group_of(key):
                cover = state(hass, device, group.name)
                if key == group.position:
                    assert cover.attributes["current_position"] == value
                continue
            shown = state(hass, device, key).state
            match row:
                case Binary():
                    assert shown == (STATE_ON if value == row.on else STATE_OFF)
                case Numeric():
                    assert float(shown) == pytest.approx(value)
                case _:
                    assert shown == value


def check_event(
    hass: HomeAssistant, device: Device, definition: Definition, example: Example
) -> None:
    """Whether the event entity fired, with the numbers of the example."""
    row = definition.action
    assert isinstance(row, Action)
    said: str = example.expected["action"]
    word = next(word for word in sorted(row.values, key=len, reverse=True) if said.startswith(word))
    (event,) = [event for event in row.events if word in event.types]
    shown = state(hass, device, event.name).attributes
    kind, extra = event.types[word]
    assert shown["event_type"] == kind
    assert extra.items() <= shown.items()
    for detail, name in event.attributes.items():
        if example.expected.get(detail) is not None:
            assert shown[name] == example.expected[detail]


SWITCHES = {True: "turn_on", False: "turn_off", "ON": "turn_on", "OFF": "turn_off"}


def wish_of(example: Example) -> tuple[str, Any]:
    """The property and value of a ``/set`` message."""
    if not example.payload.startswith("{"):
        return "state", example.payload
    ((key, value),) = json.loads(example.payload).items()
    return key, value


# Commands of a switch; Home Assistant itself turns "toggle" into on or off.
BY_SWITCH = [
    pytest.param(example, id=example.id)
    for example in examples.load("plug_mi", "relay_dual")
    if example.kind == "set" and example.zigbee and wish_of(example)[1] in SWITCHES
]
assert len(BY_SWITCH) == 9


@pytest.mark.parametrize("example", BY_SWITCH)
async def test_wishes(hass: HomeAssistant, home: Home, gateway: Gateway, example: Example) -> None:
    """The octets that a user's switch sends, and its state then."""
    node = simulated(example.zigbee_model)
    device = await join(home, gateway, node)
    key, value = wish_of(example)
    node.received_frames.clear()
    await hass.services.async_call(
        "switch", SWITCHES[value], {"entity_id": entity_id(hass, device, key)}, blocking=True
    )
    sent = [
        {
            "endpoint": received.endpoint,
            "cluster": f"0x{received.cluster:04X}",
            "payload": received.frame.payload.hex(),
            "command": received.frame.command,
        }
        for received in node.received_frames
    ]
    for step in example.zigbee:
        assert {
            "endpoint": step["endpoint"],
            "cluster": step["cluster"],
            "payload": step.get("record_hex", step.get("payload_hex")),
            "command": step.get("command_id", 2),
        } in sent
    # What it reported before the command can still arrive after it.
    wanted = STATE_ON if value in (True, "ON") else STATE_OFF
    await until(lambda: state(hass, device, key).state == wanted, 30)
