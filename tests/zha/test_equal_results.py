"""Frames have the same meaning on our own coordinator and on ZHA's network."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from homeassistant.components import mqtt
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.aqara_zigbee.const import DOMAIN
from custom_components.aqara_zigbee.core.device import Device
from custom_components.aqara_zigbee.simulator.devices import MODELS as SIMULATED
from custom_components.aqara_zigbee.simulator.home import Home
from tests import examples
from tests.e2e.broker import Client
from tests.e2e.conftest import (  # noqa: F401 - fixtures
    broker,
    listener,
    mqtt_entry,
    mqtt_up,
    switch_on,
)
from tests.examples import MODELS, Example
from tests.ha.conftest import DEVICE, join, send_frame, until
from tests.ha.test_examples import check_entities, enable_all

VOLATILE = {"linkquality", "last_seen"}
"""The air's and the clock's own."""


@dataclass
class Outcome:
    """The result of one frame."""

    entities: dict[str, Any]
    events: dict[str, Any]
    messages: dict[str, Any]


def of_interest(example: Example) -> set[str]:
    """Return the properties of an example, without those of further responses."""
    return (example.expected.keys() | example.may_include.keys()) - VOLATILE


def entities(hass: HomeAssistant, device: Device, example: Example) -> dict[str, Any]:
    """The states and attributes of the entities that an example is about."""
    found = {}
    for entity in er.async_get(hass).entities.values():
        state = hass.states.get(entity.entity_id)
        key = entity.unique_id.removeprefix(f"{device.ieee}-")
        if state is not None and key in of_interest(example):
            found[key] = (state.state, dict(state.attributes))
    return found


def events(hass: HomeAssistant, device: Device) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return the last event of each event entity of a device, with time and attributes."""
    return {
        entity.unique_id: (state.state, dict(state.attributes))
        for entity in er.async_get(hass).entities.values()
        if entity.domain == "event" and entity.unique_id.startswith(device.ieee)
        if (state := hass.states.get(entity.entity_id))
    }


async def messages(
    hass: HomeAssistant,
    listener: Client,
    mark: str,
    wanted: set[str],
    expected: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the published messages that are expected, by topic.

    Responses to reads after a frame can be published later than the frame's values. So a message
    with the expected values counts, otherwise the last one. The mirror publishes in a task of its own,
    so what is expected can also come after the mark; what never comes is missed by the comparison.
    """
    if expected:
        with suppress(AssertionError):
            await listener.until(
                lambda: any(
                    _has(message.content, expected)
                    for message in listener.messages
                    if "/bridge/" not in message.topic and message.payload.startswith("{")
                ),
                5,
            )
    await mqtt.async_publish(hass, f"{listener.base}/mark", mark)
    await listener.until(
        lambda: listener.said("mark")[-1:] and listener.said("mark")[-1].payload == mark
    )
    found: dict[str, Any] = {}
    for message in listener.messages:
        if "/bridge/" in message.topic or not message.payload or message.topic.endswith("/mark"):
            continue
        content = message.content if message.payload.startswith("{") else message.payload
        if isinstance(content, dict):
            content = {key: content[key] for key in content.keys() & wanted}
        if content and not (expected and _has(found.get(message.topic), expected)):
            found[message.topic] = content
    listener.messages.clear()
    return found


def _has(content: object, expected: Mapping[str, Any]) -> bool:
    return isinstance(content, dict) and all(
        key in content and content[key] == value for key, value in expected.items()
    )


async def finished(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Wait until all has been read and set up; the connections to the broker go on."""
    name = f"{DOMAIN} {entry.title}"
    await hass.async_block_till_done()
    await until(lambda: name not in [task.get_name() for task in asyncio.all_tasks()], 60)
    await hass.async_block_till_done()


async def play(
    hass: HomeAssistant,
    home: Home,
    entry: MockConfigEntry,
    listener: Client,
    found: list[Example],
) -> list[Outcome]:
    """Let a device join and send the examples, each to a device that remembers nothing."""
    switch_on(hass, entry)
    # The first entry of an integration sets up all others.
    if entry.state is not ConfigEntryState.LOADED:
        assert await hass.config_entries.async_setup(entry.entry_id)
    kind = SIMULATED[found[0].zigbee_model]
    node = kind(ieee=f"{kind.PREFIX}:01:02:03:04")
    device = await join(home, entry.runtime_data.gateway, node)
    await finished(hass, entry)
    await enable_all(hass, device)
    listener.messages.clear()
    await hass.config_entries.async_reload(entry.entry_id)
    await listener.receive("bridge/health")
    await finished(hass, entry)
    device = entry.runtime_data.gateway[node.ieee]
    await messages(hass, listener, "begin", set())
    outcomes = []
    for example in found:
        device.state.clear()
        device.options = dict(example.options)
        before = events(hass, device)
        await send_frame(hass, node, device, example.cluster, example.endpoint, example.frame)
        assert device.definition is not None
        check_entities(hass, device, device.definition, example)
        now = events(hass, device)
        outcomes.append(
            Outcome(
                entities(hass, device, example),
                {name: now[name][1] for name in now if now[name] != before.get(name)},
                await messages(hass, listener, example.id, of_interest(example), example.expected),
            )
        )
    return outcomes


@pytest.mark.parametrize("model", MODELS)
async def test_examples(
    hass: HomeAssistant,
    home: Home,
    mqtt_up: MockConfigEntry,
    listener: Client,
    guest_entry: MockConfigEntry,
    subtests: pytest.Subtests,
    model: str,
) -> None:
    """The examples of `tests.examples`: the same states, attributes and MQTT messages."""
    found = [example for example in examples.load(model) if example.frame]
    own = MockConfigEntry(
        domain=DOMAIN,
        title="Own",
        data={"device": DEVICE | {"path": "virtual://own"}},
        unique_id="own",
    )
    own.add_to_hass(hass)
    async with Home(seed=1, speed=20) as other:
        other.form()
        other.plug_in("own")
        wanted = await play(hass, other, own, listener, found)
        await hass.config_entries.async_remove(own.entry_id)
        await hass.async_block_till_done()
    outcomes = await play(hass, home, guest_entry, listener, found)
    for example, outcome, expected in zip(found, outcomes, wanted, strict=True):
        with subtests.test(example.id):
            assert outcome.entities == expected.entities
            assert outcome.events == expected.events
            assert outcome.messages == expected.messages
    assert any(outcome.messages for outcome in outcomes)
    assert any(outcome.entities or outcome.events for outcome in outcomes)
    await hass.config_entries.async_unload(guest_entry.entry_id)
