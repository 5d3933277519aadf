"""The blueprints, instantiated and driven by devices on the air."""

import asyncio
from datetime import timedelta
from pathlib import Path
import shutil
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.light import ColorMode
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
    async_mock_service,
)

from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.radio.virtual.devices import Knob, LockS2
from custom_components.aqara_zigbee.radio.virtual.home import Home
from tests.ha.conftest import entity_id, join, until
from tests.ha.test_locks import options

BLUEPRINTS = Path(__file__).parents[2] / "blueprints"


async def use(hass: HomeAssistant, blueprint: str, **inputs: Any) -> None:
    """Set up an automation from a blueprint, as a user does."""
    await hass.async_add_executor_job(shutil.copytree, BLUEPRINTS, hass.config.path("blueprints"))
    automation = {"use_blueprint": {"path": f"aqara_zigbee/{blueprint}.yaml", "input": inputs}}
    assert await async_setup_component(hass, "automation", {"automation": automation})
    await hass.async_block_till_done()
    (state,) = hass.states.async_all("automation")
    assert state.state == "on"


@pytest.fixture
def calls(hass: HomeAssistant) -> list[ServiceCall]:
    """What is asked of the light."""
    found: list[ServiceCall] = []
    for action in ("turn_on", "toggle"):
        hass.services.async_register("light", action, found.append)
    return found


async def test_knob_light(
    hass: HomeAssistant, home: Home, gateway: Gateway, calls: list[ServiceCall]
) -> None:
    knob = Knob()
    device = await join(home, gateway, knob)
    light = {
        "supported_color_modes": [ColorMode.COLOR_TEMP],
        "color_temp_kelvin": 3000,
        "min_color_temp_kelvin": 2000,
        "max_color_temp_kelvin": 6000,
    }
    hass.states.async_set("light.desk", "on", light)
    await use(
        hass,
        "knob_light",
        button=entity_id(hass, device, "button"),
        rotation=entity_id(hass, device, "rotation"),
        light="light.desk",
    )
    knob.press()
    await until(lambda: len(calls) == 1)
    assert [call.service for call in calls] == ["toggle"]
    knob.turn(36, steps=3)
    await until(lambda: len(calls) >= 4)
    await hass.async_block_till_done()
    brightness = [call.data for call in calls if "brightness_step_pct" in call.data]
    assert 9 <= sum(data["brightness_step_pct"] for data in brightness) <= 11
    before = len(calls)
    knob.turn(-36, steps=3, pressed=True)
    await until(lambda: len(calls) >= before + 3)
    await hass.async_block_till_done()
    temperatures = [
        call.data["color_temp_kelvin"] for call in calls if "color_temp_kelvin" in call.data
    ]
    assert temperatures
    assert all(2000 <= kelvin < 3000 for kelvin in temperatures)


async def test_knob_does_not_wake_a_light_by_turning_it_down(
    hass: HomeAssistant, home: Home, gateway: Gateway, calls: list[ServiceCall]
) -> None:
    knob = Knob()
    device = await join(home, gateway, knob)
    hass.states.async_set("light.desk", "off")
    await use(
        hass,
        "knob_light",
        button=entity_id(hass, device, "button"),
        rotation=entity_id(hass, device, "rotation"),
        light="light.desk",
    )
    knob.turn(-60, steps=3)
    knob.later(5, knob.press)
    await until(lambda: len(calls) == 1)
    assert [call.service for call in calls] == ["toggle"]


@pytest.mark.parametrize(("people", "notified"), [([], 2), (["Ann"], 1), (["Bob"], 0)])
async def test_lock_notify(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    entry: MockConfigEntry,
    people: list[str],
    notified: int,
) -> None:
    lock = LockS2()
    device = await join(home, gateway, lock)
    await options(hass, entry, device, users=[{"id": 3, "name": "Ann"}])
    told = async_mock_service(hass, "persistent_notification", "create")
    await use(hass, "lock_notify", activity=entity_id(hass, device, "activity"), people=people)
    heard: list[str] = []
    device.subscribe(lambda update: heard.append(update.action.action) if update.action else None)
    lock.finger(3)
    await until(lambda: len(heard) == 2)
    lock.password(12)
    await until(lambda: len(heard) == 4)
    await hass.async_block_till_done()
    assert len(told) == notified
    if "Ann" in people:
        assert told[0].data == {
            "title": "Smart door lock S2",
            "message": "Ann opened the door with a fingerprint.",
        }


async def breathe() -> None:
    """Let everything that is due happen."""
    for _ in range(50):
        await asyncio.sleep(0)


async def test_plug_finished(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    told = async_mock_service(hass, "persistent_notification", "create")
    hass.states.async_set("sensor.power", "1")
    await use(hass, "plug_finished", power="sensor.power")

    async def draw(watts: int, **duration: float) -> None:
        """Draw that for so long. A waiting automation is never done, so nobody waits for that."""
        hass.states.async_set("sensor.power", str(watts))
        await breathe()
        freezer.tick(timedelta(**duration))
        async_fire_time_changed(hass)
        await breathe()

    await draw(2000, minutes=20)
    await draw(2, minutes=1)
    await draw(300, minutes=20)
    assert told == []
    await draw(2, minutes=4)
    assert [call.data["message"] for call in told] == ["sensor.power has finished."]
    await draw(2000, seconds=10)
    await draw(2, minutes=10)
    assert len(told) == 1
