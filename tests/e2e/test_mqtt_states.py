"""From a frame on the air to a message on a broker and back, without test doubles."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.core.models import DEFINITIONS
from custom_components.aqara_zigbee.simulator.devices import (
    MODELS,
    Knob,
    Lock,
    LockS2,
    Plug,
    Relay,
)
from custom_components.aqara_zigbee.simulator.home import Home
from custom_components.aqara_zigbee.simulator.message import Message
from custom_components.aqara_zigbee.simulator.node import Node
from tests import examples
from tests.e2e.broker import Client
from tests.ha.conftest import join, until

NAMES = {
    examples.FILES[zigbee_model]: (zigbee_model, definition.description)
    for zigbee_model, definition in DEFINITIONS.items()
    if zigbee_model in examples.FILES
}
"""The Zigbee model of a fixture, and its device's default name."""
KNOB, LOCK_S2, LOCK = NAMES["knob_h1"][1], NAMES["lock_s2"][1], NAMES["lock"][1]
PLUG, RELAY = NAMES["plug_mi"][1], NAMES["relay_dual"][1]


async def settle(listener: Client, node: Node, name: str) -> None:
    """Wait until a device that has just joined sends no more messages."""
    await listener.receive(f"{name}/availability", 2)
    node.heartbeat()  # type: ignore[attr-defined]
    await asyncio.sleep(0.5)
    assert listener.said(name)
    listener.messages.clear()


async def published(
    listener: Client, name: str, count: int, expected: Mapping[str, Any]
) -> dict[str, Any]:
    """Wait for a state with certain values after `count` messages; other reports can come before it."""

    def found() -> list[dict[str, Any]]:
        contents = [message.content for message in listener.said(name)[count:]]
        return [content for content in contents if expected.items() <= content.items()]

    await listener.until(found)
    return found()[0]


@pytest.mark.parametrize("model", examples.MODELS)
async def test_examples(
    hass: HomeAssistant, home: Home, gateway: Gateway, listener: Client, model: str
) -> None:
    """The examples' frames, through the air, the radio, the core, the mirror and a broker."""
    zigbee_model, name = NAMES[model]
    node = MODELS[zigbee_model]()
    device = await join(home, gateway, node)
    await listener.receive(f"{name}/availability", 2)
    await asyncio.sleep(0.5)
    options: dict[str, Any] = {}
    for example in examples.load(model):
        if not example.expected:
            continue
        options = dict.fromkeys(options) | example.options
        await device.configure(options)
        count = len(listener.said(name))
        message = Message(example.cluster, example.endpoint, 1, example.frame)
        node.network.uplink(node, message)
        content = await published(listener, name, count, example.expected)
        assert "action" not in content or "action" in example.expected | example.may_include
        assert not set(example.must_not_include) & {
            key for key in content if key.startswith("action")
        }, example.id


async def test_plug(hass: HomeAssistant, home: Home, gateway: Gateway, listener: Client) -> None:
    plug = Plug()
    await join(home, gateway, plug)
    await settle(listener, plug, PLUG)

    listener.send(f"{PLUG}/set", "ON")
    # One message, or two if the response comes before the report.
    await listener.until(lambda: listener.said(PLUG))
    assert plug.on[0]
    assert {state["state"] for state in listener.states(PLUG)} == {"ON"}
    assert hass.states.get("switch.mi_smart_plug").state == "on"  # type: ignore[union-attr]

    plug.set_load(1200)
    await listener.until(lambda: listener.states(PLUG)[-1].get("power", 0) > 1000)
    plug.press()
    await listener.until(lambda: listener.states(PLUG)[-1]["state"] == "OFF")

    listener.messages.clear()
    listener.send(f"{PLUG}/get", {"state": ""})
    assert (await listener.receive(PLUG)).content["state"] == "OFF"

    await hass.services.async_call(
        "switch", "turn_on", {"entity_id": "switch.mi_smart_plug"}, blocking=True
    )
    await listener.until(lambda: listener.states(PLUG)[-1]["state"] == "ON")
    assert not any(message.retain for message in listener.said(PLUG))


async def test_unavailable_plug(
    hass: HomeAssistant, home: Home, gateway: Gateway, listener: Client
) -> None:
    plug = Plug()
    await join(home, gateway, plug)
    await settle(listener, plug, PLUG)
    plug.power_off()
    listener.send(f"{PLUG}/set", "ON")
    entry = (await listener.receive("bridge/logging", seconds=30)).content
    assert entry["level"] == "error"
    assert entry["message"].startswith(f"z2m: Publish 'set' 'state' to '{PLUG}' failed: 'Error: ")
    assert listener.said(PLUG) == []


async def test_relay(hass: HomeAssistant, home: Home, gateway: Gateway, listener: Client) -> None:
    relay = Relay()
    device = await join(home, gateway, relay)
    await settle(listener, relay, RELAY)
    address = "0x" + device.ieee.replace(":", "")
    listener.send(f"{address}/l2/set", {"state": "ON"})
    await listener.until(lambda: listener.said(RELAY))
    assert relay.on == [False, True]
    await listener.until(lambda: listener.states(RELAY)[-1]["state_l2"] == "ON")

    listener.send(f"{RELAY}/set", {"state_l2": "OFF", "interlock": True})
    await listener.until(lambda: listener.states(RELAY)[-1].get("interlock") is True)
    await listener.until(lambda: listener.states(RELAY)[-1]["state_l2"] == "OFF")
    assert relay.interlock


async def test_locks(hass: HomeAssistant, home: Home, gateway: Gateway, listener: Client) -> None:
    s2, s1 = LockS2(), Lock()
    await join(home, gateway, s2)
    await join(home, gateway, s1)
    await settle(listener, s2, LOCK_S2)
    s2.finger(3)
    await listener.until(lambda: len(listener.said(f"{LOCK_S2}/action")) >= 2)
    payloads = [message.payload for message in listener.said(f"{LOCK_S2}/action")]
    assert payloads == ["finger_open_user_id3", "lock_opened_outside"]
    assert listener.states(LOCK_S2)[-1]["state"] == "UNLOCK"
    s1.ring()
    await listener.until(lambda: listener.said(f"{LOCK}/action"))
    assert listener.said(f"{LOCK}/action")[0].payload == "ring_bell"

    listener.send(f"{LOCK_S2}/set", "LOCK")
    entry = (await listener.receive("bridge/logging")).content
    assert entry["message"] == f"z2m: No converter available for 'state' on '{LOCK_S2}': (\"LOCK\")"


async def test_knob(hass: HomeAssistant, home: Home, gateway: Gateway, listener: Client) -> None:
    knob = Knob()
    device = await join(home, gateway, knob)
    await settle(listener, knob, KNOB)
    knob.turn(24)
    await listener.until(
        lambda: (
            [message.payload for message in listener.said(f"{KNOB}/action")][-1:]
            == ["stop_rotating"]
        )
    )
    turn = next(state for state in listener.states(KNOB) if "action" in state)
    assert turn["action"] == "start_rotating"
    assert turn["action_rotation_button_state"] == "released"

    listener.messages.clear()
    assert device.last_seen is not None
    device.last_seen -= timedelta(minutes=1)  # else it would be sent at once
    listener.send(f"{KNOB}/set", {"sensitivity": "high"})
    await until(lambda: device.pending)
    assert listener.said(KNOB) == []
    knob.press_five_times()
    await listener.until(lambda: (listener.states(KNOB) or [{}])[-1].get("sensitivity") == "high")
    assert knob.sensitivity == 180
