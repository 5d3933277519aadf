"""Automations on events: each event runs them once, also the one that ends a device's absence."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import (
    Event,
    EventStateChangedData,
    HomeAssistant,
    ServiceCall,
    callback,
)
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import parse_yaml
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_mock_service

from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.simulator.devices import Knob, LockS2
from custom_components.aqara_zigbee.simulator.home import Home
from custom_components.aqara_zigbee.simulator.node import Node
from tests.ha.automations import ABSENCES, Absence, lost_restart, settled
from tests.ha.conftest import entity_id, join, state, until
from tests.ha.test_locks import options

README = (Path(__file__).parents[2] / "README.md").read_text()


def readme_automation() -> dict[str, Any]:
    """The automation in the README, as it stands there."""
    (found,) = [part for part in README.split("```yaml\n")[1:] if part.startswith("triggers:")]
    automation: dict[str, Any] = dict(parse_yaml(found.partition("```")[0]))  # type: ignore[arg-type]
    return automation


@pytest.mark.parametrize("absence", ABSENCES)
async def test_readme_automation(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry, absence: Absence
) -> None:
    """The README's own automation runs once per opening, and never by a return."""
    lock = LockS2()
    device = await join(home, gateway, lock)
    await options(hass, entry, device, users=[{"id": 3, "name": "Ada"}])
    er.async_get(hass).async_update_entity(
        entity_id(hass, device, "activity"), new_entity_id="event.front_door_door_activity"
    )
    await hass.async_block_till_done()
    switched = async_mock_service(hass, "light", "turn_on")
    assert await async_setup_component(hass, "automation", {"automation": readme_automation()})
    await hass.async_block_till_done()

    lock.finger(3)
    await until(
        lambda: (
            state(hass, device, "activity").attributes.get("event_type") == "lock_opened_outside"
        )
    )
    await settled(hass)
    assert len(switched) == 1
    device = await absence(hass, entry, home, device)
    await settled(hass)
    assert len(switched) == 1, "by a return"
    lock.finger(3)
    await until(lambda: len(switched) == 2)
    await settled(hass)
    assert len(switched) == 2


@pytest.mark.parametrize(
    ("make", "key", "do", "kind"),
    [
        (Knob, "button", Knob.double, "multi_press_end"),
        (Knob, "rotation", lambda knob: knob.turn(30, steps=1), "start_rotating"),
        (LockS2, "activity", lambda lock: lock.finger(3), "finger_open"),
        (LockS2, "doorbell", LockS2.ring, "ring"),
    ],
)
@pytest.mark.parametrize("absence", [*ABSENCES, lost_restart])
async def test_the_event_after_an_absence(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    entry: MockConfigEntry,
    absence: Absence,
    make: Callable[[], Node],
    key: str,
    do: Callable[[Any], object],
    kind: str,
) -> None:
    """The device is available first, with the time of the last event; then its event is fired."""
    node = make()
    device = await join(home, gateway, node)
    do(node)
    await until(lambda: state(hass, device, key).attributes.get("event_type"))
    await asyncio.sleep(0.3)
    before = state(hass, device, key).state
    event = entity_id(hass, device, key)
    received = {"trigger": "event.received", "target": {"entity_id": event}}
    plain = {"trigger": "state", "entity_id": event, "not_from": STATE_UNAVAILABLE}
    ran: list[ServiceCall] = async_mock_service(hass, "test", "ran")
    automation: dict[str, Any] = {
        "triggers": [
            received | {"options": {"event_type": [kind]}, "id": "received"},
            plain | {"not_to": [STATE_UNAVAILABLE, "unknown"], "id": "plain"},
        ],
        "conditions": "{{ trigger.to_state.attributes.event_type == '" + kind + "' }}",
        "actions": {"action": "test.ran", "data": {"by": "{{ trigger.id }}"}},
        "mode": "parallel",
    }
    if key == "doorbell":
        rang = {"trigger": "doorbell.rang", "target": {"entity_id": event}, "id": "rang"}
        automation["triggers"].append(rang)
    assert await async_setup_component(hass, "automation", {"automation": automation})
    await hass.async_block_till_done()
    changes: list[str] = []

    @callback
    def changed(change: Event[EventStateChangedData]) -> None:
        if (new := change.data["new_state"]) is not None:
            changes.append(new.state)

    async_track_state_change_event(hass, event, changed)
    device = await absence(hass, entry, home, device)
    await settled(hass)
    assert not ran, "by a return"
    do(node)
    triggers = {each["id"] for each in automation["triggers"]}
    await until(lambda: {call.data["by"] for call in ran} == triggers)
    await settled(hass)
    assert len(ran) == len(triggers)
    assert changes.index(STATE_UNAVAILABLE) < changes.index(before)
    assert changes[changes.index(before) + 1] > before
