"""Walks through the options: each entry to its end and to its errors, and adding a device."""

import re

from scripts.browsing.grounds import DOMAIN
from scripts.browsing.page import Dialog, WalkError
from scripts.browsing.scene import Scene, walk
from scripts.browsing.walks_first import OWN
from scripts.demo_api import address_of, soon
from scripts.demo_check import set_up_lock, watchers
from scripts.demo_mqtt import BASE_TOPIC

_ADDRESS = re.compile(r"(?:[0-9a-f]{2}:){7}[0-9a-f]{2}$", re.IGNORECASE)


async def option(scene: Scene, name: str, title: str = OWN) -> Dialog:
    """Open the options of an entry, by the beginning of its title, and choose one."""
    dialog = await scene.page.configure(title)
    await dialog.at("menu", "init")
    await dialog.choose(name)
    return dialog


async def done(dialog: Dialog) -> None:
    """Wait until the flow has ended, and close it by its button."""
    await dialog.complete()


@walk("options", in_each_language=True)
async def options(scene: Scene) -> None:
    """The menu itself."""
    dialog = await scene.page.configure(OWN)
    await dialog.at("menu", "init")
    await scene.page.picture("options", "dialog-data-entry-flow dialog")
    await dialog.close()


@walk("people", in_each_language=True)
async def people(scene: Scene) -> None:
    """Name the first person of a lock; the name is there next time."""
    demo = scene.grounds.demo
    watcher = (await watchers(demo))["lumi.lock.acn02"]
    await set_up_lock(demo, watcher, users=[], availability=1500)
    listed = (await demo.home.do("list"))["devices"]
    (lock,) = [device["ieee"] for device in listed if device["name"] == watcher.name]
    for is_first in (True, False):
        dialog = await option(scene, "choose_device")
        await dialog.at("form", "choose_device")
        await dialog.fill(device=lock)
        await dialog.submit()
        await dialog.at("form", "device")
        if is_first:
            await dialog.add_item("users", id=3, name="Ann")
            await scene.page.picture("people")
            await dialog.fill(availability=1501)
            await dialog.submit()
            await done(dialog)
        else:
            shown = await dialog.text()
            assert "Ann" in shown, shown
            await dialog.close()


@walk("mqtt", in_each_language=True)
async def mqtt(scene: Scene) -> None:
    """The mirror's options: topics that cannot be, and all sections."""
    dialog = await option(scene, "mqtt")
    await dialog.at("form", "mqtt")
    await dialog.unfold()
    await dialog.scroll_to_top()
    await scene.page.picture("mqtt")
    for topic, error in (
        ("a/#", "topic_characters"),
        ("/a", "topic_empty_level"),
        ("x" * 300, "topic_too_long"),
    ):
        await dialog.fill(base_topic=topic)
        await dialog.submit()
        await dialog.at("form", "mqtt", error=error)
    await dialog.unfold()
    await dialog.fill(base_topic="zigbee2mqtt", last_seen="iso_8601", elapsed=True)
    await dialog.submit()
    await done(dialog)
    dialog = await option(scene, "mqtt")
    await dialog.at("form", "mqtt")
    await dialog.unfold()
    await dialog.fill(last_seen="disable", elapsed=False)
    await dialog.submit()
    await done(dialog)


@walk("updates", in_each_language=True)
async def updates(scene: Scene) -> None:
    """Choose the source of firmware."""
    dialog = await option(scene, "updates")
    await dialog.at("form", "updates")
    await scene.page.picture("updates")
    await dialog.fill(remote=False)
    await dialog.submit()
    await done(dialog)


@walk("backups", in_each_language=True)
async def backups(scene: Scene) -> None:
    """Make a backup, download it, and go back to the menu."""
    dialog = await option(scene, "backups")
    await dialog.at("menu", "backups")
    links = scene.page.tab.locator("dialog-data-entry-flow ha-markdown a")
    newest = []
    for _ in range(2):
        await dialog.choose("back_up")
        await dialog.at("menu", "backups")
        address = await links.first.get_attribute("href")
        assert address
        newest.append(address.partition("?")[0])  # the signature changes with every list
    await scene.page.picture("backups", "dialog-data-entry-flow dialog")
    if len(set(newest)) != 2:
        raise WalkError(f"the newest backup is still {newest[0]} after another one")
    content = await scene.grounds.demo.assistant.text(address)
    assert "open-coordinator-backup" in content
    await dialog.choose("init")
    await dialog.at("menu", "init")
    await dialog.close()


@walk("add-device", in_each_language=True)
async def add_device(scene: Scene) -> None:
    """Add two devices to the demo's network, and name them."""
    home = scene.grounds.demo.home
    dialog = await scene.page.add_device(OWN)
    await dialog.at("progress", "pairing")
    await scene.page.picture("add-device", "dialog-data-entry-flow dialog")
    added = [
        (await home.do("add", model=model, join=True))["device"]["name"]
        for model in ("lumi.plug", "lumi.lock.acn02")
    ]
    try:
        for _ in added:
            step = await dialog.at("form", "name_device", seconds=60)
            is_plug = "plug" in step.placeholders["device"]
            await dialog.fill(name="Washing machine" if is_plug else "Back door")
            if not is_plug:
                await _rows_have_names(scene)
                await scene.page.picture("add-device-progress", "dialog-data-entry-flow dialog")
            await dialog.enter("name")
        await dialog.at("abort", "finished")
        await _rows_have_names(scene)
        await scene.page.picture("devices-added")
        await dialog.finish()
        entity = await scene.grounds.entity("Washing machine", "state")
        assert entity == "switch.washing_machine", entity
    finally:
        await remove(scene, added)


async def _rows_have_names(scene: Scene) -> None:
    """Wait until no device on the page is listed by its address, as long as it is interviewed."""

    async def have_names() -> bool | None:
        shown = await scene.page.shown_texts("ha-config-integration-page")
        return None if any(_ADDRESS.match(text) for text in shown) else True

    await soon("names in the list of devices", have_names)


@walk("more-devices")
async def more_devices(scene: Scene) -> None:
    """The network is closed while devices are awaited; through a router that does not respond, and does."""
    demo = scene.grounds.demo
    dialog = await scene.page.add_device(OWN)
    await dialog.at("progress", "pairing")
    await demo.assistant.call(DOMAIN, "permit_join", config_entry_id=demo.entry, duration=0)
    await dialog.at("menu", "joined")
    await scene.page.picture("joined", "dialog-data-entry-flow dialog")
    await dialog.choose("choose")
    await dialog.at("form", "choose")
    listed = (await demo.home.do("list"))["devices"]
    (relay,) = [device["ieee"] for device in listed if device["name"] == "relay"]
    await dialog.fill(via=relay)
    await demo.home.do("confirm", "relay", status=233)
    try:
        await dialog.submit()
        await dialog.at("form", "choose", error="not_opened", seconds=60)
        await scene.page.picture("not-opened", "dialog-data-entry-flow dialog")
    finally:
        await demo.home.do("heal")
    await dialog.submit()
    await dialog.at("progress", "pairing")
    await dialog.close()


@walk("unconnected")
async def unconnected(scene: Scene) -> None:
    """Without a coordinator, no backup can be made and no device be added, and later nothing be changed."""
    demo = scene.grounds.demo
    await demo.home.do("unplug")
    try:
        dialog = await option(scene, "backups")
        await dialog.at("menu", "backups")
        await dialog.choose("back_up")
        await dialog.at("abort", "backup_failed")
        await dialog.close()
        dialog = await scene.page.add_device(OWN)
        await dialog.at("abort", "not_opened")
        await dialog.close()
    finally:
        await demo.home.do("plug_in")
        await demo.assistant.reload(demo.entry)
        await scene.grounds.loaded(DOMAIN, demo.entry)


@walk("options-refused")
async def options_refused(scene: Scene) -> None:
    """A topic that another network has, a mirror without MQTT, a device that is removed meanwhile."""
    assistant = scene.grounds.demo.assistant
    await assistant.configure(DOMAIN, {"next_step_id": "virtual"}, {})
    (entry,) = [each["entry_id"] for each in await scene.grounds.others()]
    try:
        await scene.grounds.loaded(DOMAIN, entry)
        dialog = await option(scene, "mqtt", "Virtual coordinator")
        await dialog.at("form", "mqtt")
        await dialog.fill(enabled=True, base_topic=BASE_TOPIC)
        await dialog.submit()
        await dialog.at("form", "mqtt", error="topic_taken")
        (broker,) = await scene.grounds.entries("mqtt")
        await scene.grounds.disable(broker, disabled=True)
        try:
            await dialog.submit()
            await dialog.at("form", "mqtt", error="no_mqtt")
        finally:
            await scene.grounds.disable(broker, disabled=False)
        await dialog.close()
        dialog = await option(scene, "choose_device", "Virtual coordinator")
        await dialog.at("form", "choose_device")
        registry = await assistant.ask("config/device_registry/list")
        members = [
            device
            for device in registry
            if entry in device["config_entries"] and device["via_device_id"]
        ]
        await dialog.fill(device=address_of(members[0]))
        await assistant.ask("config/device_registry/remove", device_id=members[0]["id"])
        await dialog.submit()
        await dialog.at("abort", "device_gone")
        await dialog.close()
    finally:
        await scene.grounds.delete_others()


async def remove(scene: Scene, names: list[str]) -> None:
    """Take devices out of the network and out of the home."""
    demo = scene.grounds.demo
    listed = (await demo.home.do("list"))["devices"]
    addresses = {device["name"]: device["ieee"] for device in listed}
    for name in names:
        registry = await demo.assistant.ask("config/device_registry/list")
        for device in registry:
            if ["zigbee", addresses[name]] in device["connections"]:
                await demo.assistant.ask(
                    "config/device_registry/remove",
                    device_id=device["id"],
                )
        await demo.home.do("remove", name)


@walk("simulated-device")
async def simulated_device(scene: Scene) -> None:
    """Add a simulated device to the virtual coordinator: the only way a newcomer has."""
    dialog = await scene.page.add_integration()
    await dialog.at("menu", "user")
    await dialog.choose("virtual")
    await dialog.at("form", "virtual")
    await dialog.submit()
    await dialog.at("create_entry", seconds=60)
    await dialog.submit()
    await dialog.closed()
    try:
        dialog = await scene.page.add_device("Virtual coordinator")
        await dialog.at("form", "choose")
        await dialog.fill(simulated="lumi.weather")
        await dialog.submit()
        await dialog.at("form", "name_device", seconds=60)
        await dialog.fill(name="Cellar")
        await dialog.submit()
        await dialog.at("abort", "finished")
        await dialog.finish()

        async def is_there() -> str | None:
            return await scene.grounds.entity("Cellar", "temperature")

        assert await soon("the new device", is_there) == "sensor.cellar_temperature"
    finally:
        await scene.grounds.delete_others()
