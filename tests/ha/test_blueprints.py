"""The blueprints: their places, and their runs for frames of devices."""

import asyncio
from datetime import timedelta
from functools import partial
from pathlib import Path
import shutil
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.blueprint import BLUEPRINT_SCHEMA, Blueprint
from homeassistant.components.light import ColorMode
from homeassistant.core import CoreState, HomeAssistant, ServiceCall
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import load_yaml_dict
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
    async_mock_service,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.aqara_zigbee import blueprint_files
from custom_components.aqara_zigbee.const import DOMAIN
from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.simulator.devices import Knob, Lock, LockS2, Plug
from custom_components.aqara_zigbee.simulator.home import Home
from tests.ha.automations import ABSENCES, Absence, device_id, save, settled
from tests.ha.conftest import join, state, until
from tests.ha.test_locks import options


def use(blueprint: str, **inputs: Any) -> dict[str, Any]:
    """An automation of a blueprint, as the editor stores it."""
    return {"use_blueprint": {"path": f"{DOMAIN}/{blueprint}.yaml", "input": inputs}}


@pytest.fixture
async def folder(hass: HomeAssistant, gateway: Gateway) -> Path:
    """The folder of our blueprints, as the integration makes it."""
    assert await async_setup_component(hass, "automation", {})
    await hass.async_block_till_done()  # it makes the folder of all blueprints
    await blueprint_files.copy_blueprints(hass)
    return Path(hass.config.path("blueprints", "automation", DOMAIN))


@pytest.fixture
def calls(hass: HomeAssistant) -> list[ServiceCall]:
    """Action calls of the light."""
    found: list[ServiceCall] = []
    for action in ("turn_on", "toggle"):
        hass.services.async_register("light", action, found.append)
    return found


# Where they are


def files(folder: Path) -> set[str]:
    """The names of blueprints in a folder."""
    return {path.name for path in folder.glob("*.yaml")}


async def test_they_are_there_once_home_assistant_has_started(
    hass: HomeAssistant, home: Home, entry: MockConfigEntry
) -> None:
    """Home Assistant fills the folder of all blueprints itself only while there is none."""
    hass.set_state(CoreState.not_running)
    assert await hass.config_entries.async_setup(entry.entry_id)
    everyones = Path(hass.config.path("blueprints", "automation"))
    assert not everyones.exists()  # noqa: ASYNC240
    assert await async_setup_component(hass, "automation", {})
    hass.set_state(CoreState.running)
    await hass.async_start()
    await hass.async_block_till_done()
    assert files(everyones / DOMAIN) == files(blueprint_files.SOURCE) != set()
    assert files(everyones / "homeassistant")
    await hass.config_entries.async_unload(entry.entry_id)


async def test_changes_of_the_user_are_kept(
    hass: HomeAssistant, gateway: Gateway, folder: Path
) -> None:
    """One that was changed stays changed, and one that was deleted does not come back."""
    changed, deleted = folder / "knob_light.yaml", folder / "lock_notify.yaml"
    changed.write_text("mine")
    deleted.unlink()
    await blueprint_files.copy_blueprints(hass)
    assert changed.read_text() == "mine"
    assert not deleted.exists()


async def test_without_the_folder_of_all_blueprints(hass: HomeAssistant, gateway: Gateway) -> None:
    await blueprint_files.copy_blueprints(hass)
    assert not Path(hass.config.path("blueprints")).exists()  # noqa: ASYNC240


async def test_a_folder_that_cannot_be_written(
    hass: HomeAssistant,
    gateway: Gateway,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is logged; nothing else suffers."""
    shutil.rmtree(folder)

    def full(*paths: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copytree", full)
    await blueprint_files.copy_blueprints(hass)
    assert f"Could not copy the blueprints to {folder}" in caplog.text


@pytest.mark.parametrize("path", blueprint_files.SOURCE.glob("*.yaml"), ids=lambda path: path.stem)
def test_each_takes_one_device_and_can_be_imported_again(path: Path) -> None:
    """From the address that it names; the README links to it, too."""
    blueprint = Blueprint(load_yaml_dict(str(path)), path=path.name, schema=BLUEPRINT_SCHEMA)
    selectors = [each["selector"] for each in blueprint.inputs.values()]
    assert sum("device" in selector for selector in selectors) == 1
    address = blueprint.metadata["source_url"]
    package = blueprint_files.SOURCE.parents[3]
    assert address.partition("/blob/main/")[2] == path.relative_to(package).as_posix()


# What they do


async def test_knob_light(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    entry: MockConfigEntry,
    folder: Path,
    calls: list[ServiceCall],
    hass_client: ClientSessionGenerator,
) -> None:
    """A press toggles, a turn dims, a turn while pressed changes the color temperature."""
    knob = Knob()
    device = await join(home, gateway, knob)
    light = {
        "supported_color_modes": [ColorMode.COLOR_TEMP],
        "color_temp_kelvin": 3000,
        "min_color_temp_kelvin": 2000,
        "max_color_temp_kelvin": 6000,
    }
    hass.states.async_set("light.desk", "on", light)
    knob_id = device_id(hass, entry, device)
    await save(hass, hass_client, **use("knob_light", knob=knob_id, light="light.desk"))
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
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    entry: MockConfigEntry,
    folder: Path,
    calls: list[ServiceCall],
    hass_client: ClientSessionGenerator,
) -> None:
    knob = Knob()
    device = await join(home, gateway, knob)
    hass.states.async_set("light.desk", "off")
    knob_id = device_id(hass, entry, device)
    await save(hass, hass_client, **use("knob_light", knob=knob_id, light="light.desk"))
    knob.turn(-60, steps=3)
    knob.later(5, partial(knob.turn, -60, steps=3, pressed=True))
    knob.later(10, knob.press)
    await until(lambda: len(calls) == 1)
    assert [call.service for call in calls] == ["toggle"]


@pytest.mark.parametrize(
    ("make", "people", "messages"),
    [
        (
            LockS2,
            [],
            ["Ann opened the door with a fingerprint.", "#12 opened the door with a code."],
        ),
        (Lock, ["person.ann"], ["Ann opened the door with a fingerprint."]),
        (LockS2, ["person.bob"], []),
    ],
)
async def test_lock_notify(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    entry: MockConfigEntry,
    folder: Path,
    hass_client: ClientSessionGenerator,
    make: type[Lock | LockS2],
    people: list[str],
    messages: list[str],
) -> None:
    """Persons are picked; the lock's users of the same names count."""
    lock = make()
    told_each = 2 if make is LockS2 else 1  # who was let in, and that the door opened
    device = await join(home, gateway, lock)
    await options(hass, entry, device, users=[{"id": 3, "name": "Ann"}])
    for name in ("Ann", "Bob"):
        hass.states.async_set(f"person.{name.lower()}", "home", {"friendly_name": name})
    notifications = async_mock_service(hass, "persistent_notification", "create")
    lock_id = device_id(hass, entry, device)
    await save(hass, hass_client, **use("lock_notify", lock=lock_id, people=people))
    received: list[str] = []
    device.subscribe(
        lambda update: received.append(update.action.action) if update.action else None
    )
    lock.finger(3)
    await until(lambda: len(received) == told_each)
    lock.password(12)
    await until(lambda: len(received) == 2 * told_each)
    await settled(hass)
    assert [call.data["message"] for call in notifications] == messages
    assert {call.data["title"] for call in notifications} <= {device.definition.description}  # type: ignore[union-attr]


async def test_lock_notify_of_a_key(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    entry: MockConfigEntry,
    folder: Path,
    hass_client: ClientSessionGenerator,
) -> None:
    """The user is unknown; leaving does not trigger it."""
    lock = LockS2()
    device = await join(home, gateway, lock)
    notifications = async_mock_service(hass, "persistent_notification", "create")
    await save(hass, hass_client, **use("lock_notify", lock=device_id(hass, entry, device)))
    lock.open_inside()
    await until(
        lambda: state(hass, device, "activity").attributes["event_type"] == "lock_opened_inside"
    )
    lock.happen(0x0B, 0x00)
    await until(lambda: notifications)
    await settled(hass)
    assert [call.data["message"] for call in notifications] == ["Someone opened the door."]


async def test_plug_finished(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    entry: MockConfigEntry,
    folder: Path,
    hass_client: ClientSessionGenerator,
) -> None:
    plug = Plug()
    device = await join(home, gateway, plug)
    notifications = async_mock_service(hass, "persistent_notification", "create")
    plug_id, at_once = device_id(hass, entry, device), {"seconds": 0}
    inputs = {"plug": plug_id, "start": at_once, "pause": at_once}
    await save(hass, hass_client, **use("plug_finished", **inputs))
    plug.press()
    await until(lambda: device.state.get("state") is True)
    plug.set_load(2)
    await until(lambda: state(hass, device, "power").state == "2")
    plug.set_load(1200)
    await until(lambda: state(hass, device, "power").state == "1200")
    await breathe()
    assert not notifications
    plug.set_load(1)
    await until(lambda: notifications)
    assert [call.data["message"] for call in notifications] == ["Mi smart plug has finished."]


async def breathe() -> None:
    """Let everything that is due happen."""
    for _ in range(50):
        await asyncio.sleep(0)


async def test_plug_finished_after_a_while(
    hass: HomeAssistant,
    gateway: Gateway,
    folder: Path,
    hass_client: ClientSessionGenerator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Short pauses of its program do not count, nor does a short start; with another's device."""
    notifications = async_mock_service(hass, "persistent_notification", "create")
    other = MockConfigEntry(domain="other")
    other.add_to_hass(hass)
    meter = dr.async_get(hass).async_get_or_create(
        config_entry_id=other.entry_id, identifiers={("other", "1")}, name="Meter"
    )
    power = (
        er.async_get(hass)
        .async_get_or_create(
            "sensor", "other", "1", device_id=meter.id, original_device_class="power"
        )
        .entity_id
    )
    watts = {"device_class": "power", "unit_of_measurement": "W"}
    hass.states.async_set(power, "1", watts)
    await save(hass, hass_client, **use("plug_finished", plug=meter.id))

    async def draw(load: int, **duration: float) -> None:
        """Set a load for some time. A waiting automation never ends, so it is not waited for."""
        hass.states.async_set(power, str(load), watts)
        await breathe()
        freezer.tick(timedelta(**duration))
        async_fire_time_changed(hass)
        await breathe()

    await draw(2000, minutes=20)
    await draw(2, minutes=1)
    await draw(300, minutes=20)
    assert notifications == []
    await draw(2, minutes=4)
    assert [call.data["message"] for call in notifications] == ["Meter has finished."]
    await draw(2000, seconds=10)
    await draw(2, minutes=10)
    assert len(notifications) == 1


@pytest.mark.parametrize("absence", ABSENCES)
async def test_knob_after_an_absence(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    entry: MockConfigEntry,
    folder: Path,
    calls: list[ServiceCall],
    hass_client: ClientSessionGenerator,
    absence: Absence,
) -> None:
    """The knob's first press after an absence switches the light; its return does not."""
    knob = Knob()
    device = await join(home, gateway, knob)
    hass.states.async_set("light.desk", "on")
    knob_id = device_id(hass, entry, device)
    await save(hass, hass_client, **use("knob_light", knob=knob_id, light="light.desk"))
    knob.press()
    await until(lambda: len(calls) == 1)
    await absence(hass, entry, home, device)
    await settled(hass)
    assert len(calls) == 1
    knob.press()
    await until(lambda: len(calls) == 2)


@pytest.mark.parametrize("absence", ABSENCES)
async def test_lock_after_an_absence(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    entry: MockConfigEntry,
    folder: Path,
    hass_client: ClientSessionGenerator,
    absence: Absence,
) -> None:
    """The first opening after an absence is notified; the return is not."""
    lock = LockS2()
    device = await join(home, gateway, lock)
    notifications = async_mock_service(hass, "persistent_notification", "create")
    await save(hass, hass_client, **use("lock_notify", lock=device_id(hass, entry, device)))
    lock.password(7)
    await until(lambda: len(notifications) == 1)
    await asyncio.sleep(0.3)
    await absence(hass, entry, home, device)
    await settled(hass)
    assert len(notifications) == 1
    lock.finger(3)
    await until(lambda: len(notifications) == 2)
    await settled(hass)
    assert len(notifications) == 2
