"""Walks through pages and entities: the dashboard, a device, the logbook, the network map, a pending change."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from scripts.browsing.page import WalkError
from scripts.browsing.scene import Scene, walk
from scripts.browsing.walks_first import OWN
from scripts.demo import DASHBOARD
from scripts.demo_api import soon
from scripts.demo_check import set_up_lock, watchers

_MAIN = "ha-panel-lovelace, ha-panel-config, ha-panel-logbook"
_HOUR = timedelta(hours=1)


async def _shows(scene: Scene, entity: str, value: str) -> None:
    async def condition() -> bool | None:
        return (await scene.grounds.demo.assistant.states())[entity]["state"] == value or None

    await soon(f"{entity}: {value}", condition)


@walk("dashboard")
async def dashboard(scene: Scene) -> None:
    """The demo's own dashboard."""
    await scene.page.go(f"/{DASHBOARD}", "hui-sections-view hui-tile-card")
    await scene.page.settle()
    await scene.page.check(_MAIN)
    await scene.page.picture("demo")


@walk("door")
async def door(scene: Scene) -> None:
    """Check the lock's events on its page and in the logbook."""
    demo = scene.grounds.demo
    lock = (await watchers(demo))["lumi.lock.acn02"]
    await set_up_lock(demo, lock, users=[{"id": 3, "name": "Ann"}], availability=1500)
    began = datetime.now(UTC)
    await lock.do("wrong_password", tries=1)
    await lock.do("ring")
    await lock.do("finger", user=3)
    await _shows(scene, lock.entity("last_opened_by"), "Ann")
    device = await lock.device_id()
    await scene.page.go(f"/config/devices/device/{device}", "ha-config-device-page ha-card")
    await scene.page.settle()
    await scene.page.check(_MAIN)
    await scene.page.picture("device")
    if not scene.page.is_narrow:  # there the story is far below, and not made before it is shown
        await scene.page.picture("logbook", "ha-config-device-page ha-card:has(ha-logbook)")
        await _story(scene)
    # Not filtered by the device, since the frontend shows only entities of a device that is chosen here.
    period = f"start_date={quote(began.isoformat())}&end_date={quote((began + _HOUR).isoformat())}"
    await scene.page.go(f"/logbook?{period}", "ha-panel-logbook ha-logbook-renderer")
    await scene.page.settle()
    await scene.page.check(_MAIN)
    await scene.page.picture("logbook-all")
    await _story(scene)


async def _story(scene: Scene) -> None:
    """Check that a page shows who opened the door."""
    opened = scene.page.texts.get("selector.logbook.options.opened_by_finger") or ""
    wanted = opened.replace("[name]", "Ann")
    shown = " ".join(await scene.page.shown_texts(_MAIN))
    if wanted not in shown:
        raise WalkError(f"{scene.page.tab.url} does not say {wanted!r}, but {shown[:500]!r}")


@walk("devices", is_everywhere=True)
async def devices(scene: Scene) -> None:
    """The page of each device; its entities have names in the language of Home Assistant."""
    lock_name = scene.page.texts.get("entity.sensor.last_opened_by.name")
    registry: list[dict[str, Any]] = await scene.grounds.demo.assistant.ask(
        "config/device_registry/list"
    )
    for device in registry:
        if scene.grounds.demo.entry in device["config_entries"]:
            await scene.page.go(
                f"/config/devices/device/{device['id']}", "ha-config-device-page ha-card"
            )
            await scene.page.settle()
            await scene.page.check(_MAIN)
            name = device["name_by_user"] or "coordinator"
            picture = f"device-{name.lower().replace(' ', '-')}"
            if scene.page.is_narrow:
                await scene.page.whole_picture(picture)
            else:
                await scene.page.picture(picture)
            if name == "Front door" and lock_name not in await scene.page.shown_texts(_MAIN):
                raise WalkError(f"no entity of the lock is called {lock_name!r}")


@walk("pending")
async def pending(scene: Scene) -> None:
    """Choose a setting of a sleepy knob: it is shown as pending, and set when the knob wakes up."""
    knob = (await watchers(scene.grounds.demo))["lumi.remote.rkba01"]
    entity = knob.entity("sensitivity")
    await scene.page.more_info(entity)
    await scene.page.select_in_more_info("high")
    await _shows(scene, knob.entity("pending_changes"), "waiting")
    await scene.page.settle()
    await scene.page.check("ha-more-info-dialog")
    await scene.page.close_more_info()
    await scene.page.go(
        f"/config/devices/device/{await knob.device_id()}", "ha-config-device-page ha-card"
    )
    await scene.page.settle()
    await scene.page.check(_MAIN)
    await scene.page.whole_picture("pending")
    await knob.do("press_five_times")
    await _shows(scene, entity, "high")
    await _shows(scene, knob.entity("pending_changes"), "none")
    await scene.page.more_info(entity)
    await scene.page.select_in_more_info("medium")
    await knob.do("press_five_times")
    await _shows(scene, entity, "medium")


@walk("network-map", in_each_language=True)
async def network_map(scene: Scene) -> None:
    """Scan the network with a knob below the plug, then while a router has no power."""
    home = scene.grounds.demo.home
    await home.do("rejoin", "knob", parent="plug")
    try:
        await _scan(scene, "network-map")
    finally:
        await home.do("rejoin", "knob")
    await home.do("power_off", "relay")
    try:
        await _scan(scene, "network-map-unanswered")
    finally:
        await home.do("power_on", "relay")


async def _scan(scene: Scene, picture: str) -> None:
    """Scan the network, and look at the map."""
    demo = scene.grounds.demo
    entity = await scene.grounds.entity_of_entry(demo.entry, "network_map")
    before = (await demo.assistant.states())[entity]["state"]
    await demo.assistant.call("aqara_zigbee", "scan_network", config_entry_id=demo.entry)

    async def is_drawn() -> str | None:
        state = (await demo.assistant.states())[entity]
        if state["state"] == before:
            return None
        drawn = await demo.assistant.text(state["attributes"]["entity_picture"])
        return drawn if "Kettle" in drawn else None

    scene.page.faults.check_texts([await soon("the network map", is_drawn)])
    await scene.page.more_info(entity)
    await scene.page.settle()
    await scene.page.check("ha-more-info-dialog")
    image = scene.page.tab.locator("ha-more-info-dialog img").first
    if not await image.evaluate("each => each.complete && each.naturalWidth"):
        raise WalkError("the network map is not shown")
    await scene.page.picture(picture, "ha-more-info-dialog img")


@walk("integration", is_everywhere=True)
async def integration(scene: Scene) -> None:
    """The integration's page."""
    await scene.page.integration()
    await scene.page.settle()
    await scene.page.check(_MAIN)
    await scene.page.picture("integration")
    if not any(OWN in text for text in await scene.page.shown_texts(_MAIN)):
        raise WalkError("the demo's network is not listed")
