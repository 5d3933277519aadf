"""Firmware as users see it: what is offered, what installing does, and what it leaves behind."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
import contextlib
from hashlib import sha512
import json
import logging
from pathlib import Path
from typing import Any, override

from aiohttp import ClientError
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed
from pytest_homeassistant_custom_component.test_util.aiohttp import AiohttpClientMocker
from pytest_homeassistant_custom_component.typing import WebSocketGenerator
from zigpy.ota.providers import RemoteZ2MProvider

from custom_components.aqara_zigbee import update as firmware
from custom_components.aqara_zigbee.const import DOMAIN
from custom_components.aqara_zigbee.core.device import Device
from custom_components.aqara_zigbee.core.firmware import ImageSources
from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.core.updates import Updates
from custom_components.aqara_zigbee.flows.firmware_options import HELP
from custom_components.aqara_zigbee.radio.adapter import ZigpyRadio
from custom_components.aqara_zigbee.simulator.devices import Knob, LockS2, Lumi, Plug, Relay
from custom_components.aqara_zigbee.simulator.home import Home
from custom_components.aqara_zigbee.simulator.ota import CLUSTER, State
from custom_components.aqara_zigbee.simulator.zcl import Frame, Reply, Status
from tests.core.network import Home as House, node
from tests.core.programmer import ScriptedProgrammer
from tests.firmware import IMAGE_TYPE, LUMI, image, patience, put
from tests.ha.conftest import entity_id, join, state, until

INDEX = RemoteZ2MProvider.DEFAULT_URL
IMAGE = "https://example.org/plug.ota"


def wait(gateway: Gateway, **seconds: float) -> None:
    """Wait for devices for long, but for what the test wants to run out."""
    assert isinstance(gateway.radio, ZigpyRadio)
    gateway.radio.firmware.patience = patience(**seconds)


async def check(hass: HomeAssistant) -> None:
    """Look into the folder, as happens every hour.

    Letting an hour pass would let zigpy's requests run out of time, too.
    """
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    await entry.runtime_data.own.updates.find_newer_for_all()
    await hass.async_block_till_done()


async def told(hass: HomeAssistant, device: Device) -> None:
    """Wait until a device has reported its version, and the check for updates is done."""
    await until(lambda: device.upkeep.running)
    await hass.async_block_till_done(wait_background_tasks=True)


async def offer(hass: HomeAssistant, device: Device, node: Lumi, version: int) -> None:
    """Put an image into the folder, and wait until it is offered."""
    await told(hass, device)
    put(firmware.folder(hass), node.MODEL, version)
    await check(hass)
    assert state(hass, device, "firmware").state == STATE_ON


async def install(hass: HomeAssistant, device: Device) -> None:
    """Press the button."""
    await hass.services.async_call(
        "update", "install", {"entity_id": entity_id(hass, device, "firmware")}, blocking=True
    )


@contextlib.asynccontextmanager
async def installing(hass: HomeAssistant, device: Device) -> AsyncGenerator[asyncio.Task[None]]:
    """The same beside something else."""
    task = asyncio.get_running_loop().create_task(install(hass, device))
    yield task
    assert task.done()


def check_idle(hass: HomeAssistant, device: Device, installed: int, latest: int | None) -> None:
    """Check that the entity shows no transfer, and these versions; None without a source."""
    shown = state(hass, device, "firmware")
    if latest is None:
        assert shown.state == STATE_UNKNOWN
        assert shown.attributes["latest_version"] is None
    else:
        assert shown.state == (STATE_ON if latest > installed else STATE_OFF)
        assert shown.attributes["latest_version"] == str(latest)
    assert shown.attributes["installed_version"] == str(installed)
    assert "entity_picture" not in shown.attributes
    assert shown.attributes["in_progress"] is False
    assert shown.attributes["update_percentage"] is None


@pytest.fixture
async def plug(home: Home, gateway: Gateway) -> Plug:
    """A plug on the network."""
    wait(gateway)
    plug = Plug()
    await join(home, gateway, plug)
    return plug


@pytest.fixture
def device(gateway: Gateway, plug: Plug) -> Device:
    """The plug, as we know it."""
    return gateway[plug.ieee]


# What is offered


async def test_installed_version_is_asked_for(hass: HomeAssistant, device: Device) -> None:
    """Not called up to date while there is nothing to compare it with."""
    await told(hass, device)
    check_idle(hass, device, 90, None)
    put(firmware.folder(hass), "lumi.relay.c2acn01", 91)
    await check(hass)
    check_idle(hass, device, 90, 90)


async def test_only_updatable_devices(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    entry: MockConfigEntry,
    entity_registry: er.EntityRegistry,
) -> None:
    knob = await join(home, gateway, Knob())
    relay = await join(home, gateway, Relay())
    entities = er.async_entries_for_config_entry(entity_registry, entry.entry_id)
    found = {entity.unique_id for entity in entities if entity.domain == "update"}
    assert found == {f"{relay.ieee}-firmware"}
    updates = entry.runtime_data.own.updates
    with pytest.raises(Exception, match="nothing_new"):
        await updates.install(knob)


async def test_file_in_the_folder_is_found(hass: HomeAssistant, device: Device, plug: Plug) -> None:
    await told(hass, device)
    await check(hass)
    check_idle(hass, device, 90, None)
    path = put(firmware.folder(hass), "lumi.plug", 91)
    await check(hass)
    check_idle(hass, device, 90, 91)
    put(firmware.folder(hass), "lumi.plug", 92)
    put(firmware.folder(hass), "lumi.plug", 93, image(93)[:-1])
    put(firmware.folder(hass), "lumi.plug", 94, image(94, manufacturer=0x1037))
    put(firmware.folder(hass), "lumi.relay.c2acn01", 95)
    await check(hass)
    check_idle(hass, device, 90, 92)
    path.with_name("92.ota").unlink()
    path.unlink()
    await check(hass)
    check_idle(hass, device, 90, 90)
    assert plug.ota.state is State.NORMAL


async def test_release_notes(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    home: Home,
    gateway: Gateway,
    device: Device,
    plug: Plug,
) -> None:
    await offer(hass, device, plug, 91)
    lock = await join(home, gateway, node := LockS2())
    await offer(hass, lock, node, 250)
    client = await hass_ws_client()

    async def notes(which: Device) -> str:
        await client.send_json_auto_id(
            {"type": "update/release_notes", "entity_id": entity_id(hass, which, "firmware")}
        )
        return str((await client.receive_json())["result"])

    assert "Do not disconnect its power" in await notes(device)
    assert str(firmware.folder(hass) / "lumi.plug" / "91.ota") in await notes(device)
    assert "touch the keypad" in await notes(lock)
    await hass.async_add_executor_job((firmware.folder(hass) / "lumi.plug" / "91.ota").unlink)
    await check(hass)
    assert await notes(device) == "None"


async def test_update_entity_requests_the_version(
    hass: HomeAssistant, home: Home, gateway: Gateway, device: Device, plug: Plug
) -> None:
    await async_setup_component(hass, "homeassistant", {})
    await told(hass, device)
    plug.file_version = 97
    put(firmware.folder(hass), "lumi.plug", 98)
    await hass.services.async_call(
        "homeassistant",
        "update_entity",
        {"entity_id": entity_id(hass, device, "firmware")},
        blocking=True,
    )
    check_idle(hass, device, 97, 98)
    home.faults.mute(plug)  # what is known stays
    wait(gateway, answer=2)
    await hass.services.async_call(
        "homeassistant",
        "update_entity",
        {"entity_id": entity_id(hass, device, "firmware")},
        blocking=True,
    )
    check_idle(hass, device, 97, 98)


class Taciturn(Plug):
    """A plug that ignores image notify and does not report its version."""

    @override
    def on_command(self, endpoint: int, cluster: int, frame: Frame) -> Reply:
        return None if cluster == CLUSTER else super().on_command(endpoint, cluster, frame)


async def test_device_with_an_unknown_version(
    hass: HomeAssistant, home: Home, gateway: Gateway
) -> None:
    """Unknown, with an error for an update; a later report is used."""
    await async_setup_component(hass, "homeassistant", {})
    wait(gateway, answer=2)
    device = await join(home, gateway, node := Taciturn())
    put(firmware.folder(hass), "lumi.plug", 92)
    await check(hass)
    assert state(hass, device, "firmware").state == STATE_UNKNOWN
    entity = hass.data["update"].get_entity(entity_id(hass, device, "firmware"))
    with pytest.raises(HomeAssistantError) as error:
        await entity.async_update()
    assert error.value.translation_key == "update_silent"
    node.ask_for_firmware()
    await until(lambda: state(hass, device, "firmware").state == STATE_ON)
    check_idle(hass, device, 90, 92)


# Installing


async def test_install_with_progress(
    hass: HomeAssistant,
    device_registry: dr.DeviceRegistry,
    entry: MockConfigEntry,
    device: Device,
    plug: Plug,
) -> None:
    await offer(hass, device, plug, 92)
    seen: list[Mapping[str, Any]] = []

    @callback
    def changed(event: Event[EventStateChangedData]) -> None:
        if event.data["new_state"]:
            seen.append(event.data["new_state"].attributes)

    async_track_state_change_event(hass, [entity_id(hass, device, "firmware")], changed)
    await install(hass, device)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert plug.ota.checked == image(92)
    check_idle(hass, device, 92, 92)
    busy = [attributes for attributes in seen if attributes["in_progress"]]
    assert busy[0]["update_percentage"] is None
    percents = [a["update_percentage"] for a in busy if a["update_percentage"] is not None]
    assert percents == sorted(percents)
    assert len(set(percents)) > 8
    assert percents[-1] == 100
    registered = device_registry.async_get_device_by_identifier(
        (DOMAIN, device.ieee), entry.entry_id
    )
    assert isinstance(registered, dr.DeviceEntry)
    assert registered.sw_version == "92"


async def test_information_is_read_after_the_update(
    hass: HomeAssistant, device: Device, plug: Plug
) -> None:
    """Changed information is read with the new firmware: here the application version."""
    await offer(hass, device, plug, 92)
    assert device.about.application_version == 90
    await install(hass, device)
    await until(lambda: device.about.application_version == 92)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert device.available
    await hass.services.async_call(
        "switch", "turn_on", {"entity_id": entity_id(hass, device, "state")}, blocking=True
    )
    assert plug.on[0]


async def test_rejection_changes_nothing(hass: HomeAssistant, device: Device, plug: Plug) -> None:
    await offer(hass, device, plug, 92)
    plug.ota.verdict = Status.INVALID_IMAGE
    with pytest.raises(HomeAssistantError) as error:
        await install(hass, device)
    assert error.value.translation_key == "update_refused"
    assert error.value.translation_placeholders == {"reason": "not a valid image, at 100 %"}
    check_idle(hass, device, 90, 92)
    plug.ota.verdict = Status.SUCCESS
    await install(hass, device)
    check_idle(hass, device, 92, 92)


async def test_stalled(hass: HomeAssistant, gateway: Gateway, device: Device, plug: Plug) -> None:
    wait(gateway, stall=3)
    await offer(hass, device, plug, 92)
    plug.ota.stops_at = 200
    with pytest.raises(HomeAssistantError) as error:
        await install(hass, device)
    assert error.value.translation_key == "update_stalled"
    check_idle(hass, device, 90, 92)


async def test_one_at_a_time(
    hass: HomeAssistant, home: Home, gateway: Gateway, device: Device, plug: Plug
) -> None:
    relay = await join(home, gateway, node := Relay())
    await offer(hass, device, plug, 92)
    await offer(hass, relay, node, 37)
    async with installing(hass, device) as task:
        await until(lambda: plug.ota.offset > 100)
        for other, key in ((relay, "update_busy"), (device, "update_in_progress")):
            with pytest.raises(HomeAssistantError) as error:
                await install(hass, other)
            assert error.value.translation_key == key
        check_idle(hass, relay, 36, 37)
        assert state(hass, device, "firmware").attributes["in_progress"] is True
        await task
    check_idle(hass, device, 92, 92)
    await install(hass, relay)
    await hass.async_block_till_done(wait_background_tasks=True)
    check_idle(hass, relay, 37, 37)


async def test_file_that_vanished(hass: HomeAssistant, device: Device, plug: Plug) -> None:
    await offer(hass, device, plug, 92)
    await hass.async_add_executor_job((firmware.folder(hass) / "lumi.plug" / "92.ota").unlink)
    plug.received_frames.clear()
    with pytest.raises(HomeAssistantError) as error:
        await install(hass, device)
    assert error.value.translation_key == "update_unusable"
    assert CLUSTER not in {received.cluster for received in plug.received_frames}
    check_idle(hass, device, 90, 92)


async def test_sleeping_lock(hass: HomeAssistant, home: Home, gateway: Gateway) -> None:
    """Asleep, the error asks to wake it; awake, it is updated."""
    wait(gateway, wake=2)
    device = await join(home, gateway, lock := LockS2())
    before = lock.file_version
    await offer(hass, device, lock, 250)
    await until(lambda: not lock.awake)
    with pytest.raises(HomeAssistantError) as error:
        await install(hass, device)
    assert error.value.translation_key == "update_asleep"
    check_idle(hass, device, before, 250)
    wait(gateway)
    async with installing(hass, device) as task:
        await until(lambda: device.upkeep.is_updating)
        lock.ring()
        await task
    check_idle(hass, device, 250, 250)


async def test_version_is_requested_after_the_restart(
    hass: HomeAssistant, gateway: Gateway, device: Device, plug: Plug
) -> None:
    """Unconfirmed is not failed: the version is requested with the next frame."""
    wait(gateway, back=2)
    await offer(hass, device, plug, 92)
    async with installing(hass, device) as task:
        await until(lambda: plug.ota.state is State.COUNTDOWN)
        plug.power_off()
        with pytest.raises(HomeAssistantError) as error:
            await task
    assert error.value.translation_key == "update_unconfirmed"
    check_idle(hass, device, 90, 92)
    plug.file_version = 92
    plug.power_on()
    await until(lambda: state(hass, device, "firmware").state == STATE_OFF)
    await hass.async_block_till_done(wait_background_tasks=True)
    check_idle(hass, device, 92, 92)


async def test_link_lost_midway(
    hass: HomeAssistant, home: Home, device: Device, plug: Plug
) -> None:
    """It fails at once; when the coordinator is back, the device can be updated."""
    await offer(hass, device, plug, 92)
    async with installing(hass, device) as task:
        await until(lambda: plug.ota.offset > 100)
        home.unplug()
        with pytest.raises(HomeAssistantError) as error:
            async with asyncio.timeout(60):
                await task
    assert error.value.translation_key == "not_delivered"
    assert state(hass, device, "firmware").state == STATE_UNAVAILABLE
    assert not device.upkeep.is_updating
    home.plug_in("test")
    await until(lambda: device.available)
    await until(lambda: plug.ota.state is State.NORMAL)
    await hass.async_block_till_done(wait_background_tasks=True)
    check_idle(hass, device, 90, 92)
    await install(hass, device)
    check_idle(hass, device, 92, 92)


async def test_unloading_midway(
    hass: HomeAssistant, entry: MockConfigEntry, device: Device, plug: Plug
) -> None:
    """Nothing goes on; after the start all is as before, and it can be done again."""
    await offer(hass, device, plug, 92)
    async with installing(hass, device) as task:
        await until(lambda: plug.ota.offset > 100)
        assert await hass.config_entries.async_unload(entry.entry_id)
        await asyncio.wait((task,), timeout=60)
        with pytest.raises((HomeAssistantError, asyncio.CancelledError)):
            task.result()
    assert not [name for name in running() if "Transfer" in name or "Updates" in name]
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    again = entry.runtime_data.gateway[plug.ieee]
    wait(entry.runtime_data.gateway)
    await until(lambda: plug.ota.state is State.NORMAL)
    check_idle(hass, again, 90, 92)
    await install(hass, again)
    check_idle(hass, again, 92, 92)


def running() -> list[str]:
    """Return the running tasks of the loop by name."""
    return [getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks()]


async def test_removed_midway(
    hass: HomeAssistant, gateway: Gateway, device: Device, plug: Plug
) -> None:
    await offer(hass, device, plug, 92)
    async with installing(hass, device) as task:
        await until(lambda: plug.ota.offset > 100)
        await gateway.dismiss(plug.ieee, force=True)
        with pytest.raises(HomeAssistantError):
            async with asyncio.timeout(60):
                await task


async def test_restart_keeps_the_installed_version(
    hass: HomeAssistant, home: Home, entry: MockConfigEntry, device: Device, plug: Plug
) -> None:
    await offer(hass, device, plug, 92)
    await install(hass, device)
    await hass.async_block_till_done(wait_background_tasks=True)
    await hass.config_entries.async_unload(entry.entry_id)
    home.faults.mute(plug)
    await hass.config_entries.async_setup(entry.entry_id)
    again = entry.runtime_data.gateway[plug.ieee]
    await until(lambda: state(hass, again, "firmware").state == STATE_OFF)
    check_idle(hass, again, 92, 92)
    home.faults.mute(plug, mute=False)


# Where it comes from


def serve(internet: Any, url: str, **answer: Any) -> None:
    """Let an address answer like this, and no other address any more."""
    internet.clear_requests()
    internet.get(url, **answer)


def index(content: bytes, **changes: Any) -> str:
    """Zigbee2MQTT's index with one image for the plug."""
    entry = {
        "manufacturerCode": LUMI,
        "imageType": IMAGE_TYPE,
        "fileVersion": 92,
        "fileSize": len(content),
        "url": IMAGE,
        "sha512": sha512(content).hexdigest(),
        "modelId": "lumi.plug",
        "releaseNotes": "Keeps its promises.",
    }
    return json.dumps([entry | changes, {"imageType": 1, "url": "https://example.org/other.ota"}])


async def allow(hass: HomeAssistant, entry: MockConfigEntry, *, remote: bool) -> None:
    """Go through the step of the options."""
    flow = await hass.config_entries.options.async_init(entry.entry_id)
    flow = await hass.config_entries.options.async_configure(
        flow["flow_id"], {"next_step_id": "updates"}
    )
    assert flow["type"] is FlowResultType.FORM
    assert flow["description_placeholders"] == {
        "folder": str(firmware.folder(hass)),
        "help": HELP,
    }
    schema: Any = flow["data_schema"]
    (field,) = schema.schema
    assert field.description == {"suggested_value": firmware.is_remote(entry)}
    done = await hass.config_entries.options.async_configure(flow["flow_id"], {"remote": remote})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done(wait_background_tasks=True)


async def test_no_download_by_default(
    hass: HomeAssistant, aioclient_mock: AiohttpClientMocker, device: Device, plug: Plug
) -> None:
    """A whole life with looks, questions and an update from the folder: not one request."""
    await offer(hass, device, plug, 92)
    plug.ask_for_firmware()
    await check(hass)
    await install(hass, device)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert aioclient_mock.call_count == 0


async def test_download_if_enabled(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    aioclient_mock: AiohttpClientMocker,
    entry: MockConfigEntry,
    device: Device,
    plug: Plug,
) -> None:
    """Downloaded once and immediately, not with every check; cleared when disabled."""
    content = image(92)
    serve(aioclient_mock, INDEX, text=index(content))
    await told(hass, device)
    await allow(hass, entry, remote=True)
    check_idle(hass, device, 90, 92)
    await check(hass)
    assert [str(url) for _, url, *_ in aioclient_mock.mock_calls] == [INDEX]
    client = await hass_ws_client()
    await client.send_json_auto_id(
        {"type": "update/release_notes", "entity_id": entity_id(hass, device, "firmware")}
    )
    notes = (await client.receive_json())["result"]
    assert IMAGE in notes
    assert notes.endswith("Keeps its promises.")
    await allow(hass, entry, remote=False)
    check_idle(hass, device, 90, None)
    await allow(hass, entry, remote=True)
    serve(aioclient_mock, IMAGE, content=content)
    await install(hass, device)
    assert plug.ota.checked == content
    check_idle(hass, device, 92, 92)
    assert [str(url) for _, url, *_ in aioclient_mock.mock_calls] == [IMAGE]


async def test_disabled_between_offer_and_install(
    hass: HomeAssistant,
    aioclient_mock: AiohttpClientMocker,
    entry: MockConfigEntry,
    device: Device,
) -> None:
    serve(aioclient_mock, INDEX, text=index(image(92)))
    await told(hass, device)
    await allow(hass, entry, remote=True)
    assert isinstance(entry.runtime_data.gateway.radio, ZigpyRadio)
    entry.runtime_data.gateway.radio.firmware.sources.remote = False
    with pytest.raises(HomeAssistantError) as error:
        await install(hass, device)
    assert error.value.translation_key == "update_unusable"
    assert aioclient_mock.call_count == 1


async def test_failed_download(
    hass: HomeAssistant,
    aioclient_mock: AiohttpClientMocker,
    entry: MockConfigEntry,
    device: Device,
    plug: Plug,
) -> None:
    """Cut, another one, empty, endless, missing, unreachable, slow: nothing of it reaches the device."""
    serve(aioclient_mock, INDEX, text=index(image(92)))
    await told(hass, device)
    await allow(hass, entry, remote=True)
    plug.received_frames.clear()
    answers: tuple[dict[str, Any], ...] = (
        {"content": image(92)[:-1]},
        {"content": image(91)},
        {"content": b""},
        {"content": bytes(9 * 1024 * 1024)},
        {"status": 404},
        {"exc": ClientError("no route")},
        {"exc": TimeoutError()},
    )
    for answer in answers:
        serve(aioclient_mock, IMAGE, **answer)
        with pytest.raises(HomeAssistantError) as error:
            await install(hass, device)
        assert error.value.translation_key == "update_unusable"
        check_idle(hass, device, 90, 92)
    assert CLUSTER not in {received.cluster for received in plug.received_frames}


async def test_index_that_cannot_be_read(
    hass: HomeAssistant,
    aioclient_mock: AiohttpClientMocker,
    caplog: pytest.LogCaptureFixture,
    entry: MockConfigEntry,
    device: Device,
    plug: Plug,
) -> None:
    """Logged once; files of the folder are still offered."""
    caplog.set_level(logging.WARNING, "custom_components.aqara_zigbee")
    serve(aioclient_mock, INDEX, text="<html>Sorry</html>")
    await offer(hass, device, plug, 91)
    await allow(hass, entry, remote=True)
    check_idle(hass, device, 90, 91)
    await check(hass)
    assert caplog.text.count("The index of firmware cannot be read") == 1
    assert aioclient_mock.call_count == 1


async def test_every_hour(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Without a radio, whose requests would run out of time when an hour passes at once."""
    house = House()
    device = house.gateway.known(node("lumi.plug"), house.now)
    programmer = ScriptedProgrammer()
    updates = Updates(house.gateway, programmer, house.work.append)
    programmer.reports(device, 90)
    await house.settle()
    sources = ImageSources()
    sources.remote = True
    firmware.check_regularly(hass, entry, updates, sources)
    allowed = [sources.remote]
    assert allowed == [False]
    await hass.async_block_till_done(wait_background_tasks=True)
    looked = [device.upkeep.release]
    programmer.offer(91)
    async_fire_time_changed(hass, dt_util.utcnow() + firmware.INTERVAL)
    await hass.async_block_till_done(wait_background_tasks=True)
    looked.append(device.upkeep.release)
    assert [release and release.version for release in looked] == [None, 91]
    house.close()
    for undo in entry._on_unload or ():
        undo()


def test_folder_is_the_users(hass: HomeAssistant) -> None:
    assert firmware.folder(hass) == Path(hass.config.config_dir) / "aqara_zigbee_ota"
