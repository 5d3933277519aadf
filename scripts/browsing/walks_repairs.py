"""Walks through repairs that can be provoked, to their ends."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

from scripts.browsing.grounds import (
    DOMAIN,
    READ_ERRORS,
    WRITE_ERRORS,
    coordinator,
    damage,
    line,
    locked,
    other_program,
    start_coordinator,
    stored,
)
from scripts.browsing.page import Dialog
from scripts.browsing.scene import Scene, walk
from scripts.browsing.walks_options import option, remove
from scripts.browsing.walks_setup import at_port, keep_network, set_up, way
from scripts.demo_api import DemoError, soon
from scripts.demo_check import watchers
from scripts.demo_mqtt import BASE_TOPIC
from tests.e2e.broker import client

_LONG = 60.0
_CHECKED = 100.0
"""Seconds for an issue whose conditions are checked every minute."""


async def _issue(scene: Scene, key: str, seconds: float = _LONG) -> dict[str, Any]:
    """Wait for an issue."""
    return await soon(key, lambda: scene.grounds.issue(key), seconds)


async def _gone(scene: Scene, key: str, seconds: float = _LONG) -> None:
    """Wait until there is no such issue any more."""

    async def is_gone() -> bool | None:
        return await scene.grounds.issue(key) is None or None

    await soon(f"the end of {key}", is_gone, seconds)


def _title(scene: Scene, issue: dict[str, Any]) -> str:
    return str(
        scene.page.texts.get(
            f"issues.{issue['translation_key']}.title", issue["translation_placeholders"]
        )
    )


async def _fix(scene: Scene, issue: dict[str, Any]) -> Dialog:
    return await scene.page.fix(issue["translation_key"], _title(scene, issue))


_FLOWS = f"custom_components.{DOMAIN}.flows"


async def _fix_at_last(scene: Scene, issue: dict[str, Any], flow: str) -> Dialog:
    """Open a repair whose coordinator cannot be read, for each reason in turn; then it can."""
    dialog: Dialog | None = None
    for error, failing in READ_ERRORS.items():
        async with scene.grounds.replaced(f"{_FLOWS}.{flow}", "read", failing):
            if dialog is None:
                dialog = await _fix(scene, issue)
            else:
                await dialog.submit()
            await dialog.at("form", "unreachable", error=error, seconds=_LONG)
    assert dialog is not None
    await dialog.submit()
    return dialog


async def _read(scene: Scene, issue: dict[str, Any]) -> None:
    """Open a repair that only explains, look at it, and close it."""
    key = f"issues.{issue['translation_key']}.description"
    await scene.page.repair(_title(scene, issue))
    await scene.page.tab.locator("dialog-repairs-issue ha-markdown").wait_for()
    await scene.page.settle()
    await scene.page.check("dialog-repairs-issue")
    wanted = scene.page.texts.get(key, issue["translation_placeholders"]) or ""
    # Up to what Markdown shows differently.
    first = wanted.partition("\n")[0].partition("`")[0]
    shown = " ".join(await scene.page.shown_texts("dialog-repairs-issue"))
    if first not in shown:
        scene.page.faults.add(f"the repair does not show {first!r}")
    await scene.page.picture(f"repair-{issue['translation_key']}", "dialog-repairs-issue dialog")
    await scene.page.close_repair()


@walk("knob-mode", in_each_language=True)
async def knob_mode(scene: Scene) -> None:
    """A knob in command mode: it does not wake up in time, then it is mended by pressing it five times."""
    home = scene.grounds.demo.home
    knob = (await watchers(scene.grounds.demo))["lumi.remote.rkba01"]
    await knob.set("select", "select_option", "operation_mode", option="command")
    await home.do("press_five_times", "knob")
    issue = await _issue(scene, "knob_command_mode")
    await soon("the knob's sleep", lambda: _sleeps(scene, "knob"))
    dialog = await _fix(scene, issue)
    await dialog.at("form", "explain")
    await scene.page.picture("repair", "dialog-data-entry-flow dialog")
    async with scene.grounds.replaced(
        f"{_FLOWS}.device_repair",
        "async_call_later",
        "lambda hass, delay, action: known(hass, 3, action)",
    ):
        await dialog.submit()
        await dialog.at("progress", "wait")
        await dialog.at("form", "asleep")
    await scene.page.picture("repair-asleep", "dialog-data-entry-flow dialog")
    await dialog.submit()
    await dialog.at("progress", "wait")
    await home.do("press_five_times", "knob")
    await dialog.complete()
    await _gone(scene, "knob_command_mode")


async def _sleeps(scene: Scene, name: str) -> bool | None:
    listed = (await scene.grounds.demo.home.do("list"))["devices"]
    return any(each["name"] == name and not each["awake"] for each in listed) or None


@walk("encrypted-lock", in_each_language=True)
async def encrypted_lock(scene: Scene) -> None:
    """A lock that encrypts its reports."""
    demo = scene.grounds.demo
    await demo.assistant.call(DOMAIN, "permit_join", config_entry_id=demo.entry)
    answer = await demo.home.do(
        "add", model="lumi.lock.acn02", options={"encrypted": True}, join=True
    )
    name, address = answer["device"]["name"], answer["device"]["ieee"]
    try:

        async def registered() -> str | None:
            for device in await demo.assistant.ask("config/device_registry/list"):
                if ["zigbee", address] in device["connections"]:
                    return str(device["id"])
            return None

        device_id = await soon("the lock's device", registered)
        await demo.assistant.ask(
            "config/device_registry/update", device_id=device_id, name_by_user="Back door"
        )

        async def says_it() -> dict[str, Any] | None:
            await demo.home.do("finger", name, user=1)
            return await scene.grounds.issue("lock_encrypted")

        await _read(scene, await soon("lock_encrypted", says_it))
    finally:
        await remove(scene, [name])


@walk("foreign-bridge")
async def foreign_bridge(scene: Scene) -> None:
    """Zigbee2MQTT on the same topic."""
    async with client(scene.grounds.broker.port, BASE_TOPIC) as program:
        program.send("bridge/info", {"version": "2.14.1"}, retain=True)
        program.send("bridge/state", {"state": "online"}, retain=True)
        try:
            await _read(scene, await _issue(scene, "mqtt_foreign_bridge"))
        finally:
            # The mirror waits for minutes until it is sure; turned off and on, it starts at once.
            program.send("bridge/info", "", retain=True)
            program.send("bridge/state", "", retain=True)
            await scene.grounds.demo.assistant.reload(scene.grounds.demo.entry)
    await _gone(scene, "mqtt_foreign_bridge")


@walk("other-network")
async def other_network(scene: Scene) -> None:
    """A coordinator that was replaced by a blank one, and by one with another network."""
    first = await start_coordinator(seed=31, is_formed=True)
    coordinators = [first]
    port = int(first.url.rpartition(":")[2])
    try:
        entry = await set_up(scene, first)
        for key, is_formed in (("not_formed", False), ("other_network", True)):
            await coordinators[-1].stop()
            coordinators.append(await start_coordinator(seed=32, port=port, is_formed=is_formed))
            await scene.grounds.demo.assistant.reload(entry)
            dialog = await _fix_at_last(scene, await _issue(scene, key), "network_repair")
            await _take_ours(scene, dialog, key)
            await _refuse_to_restore(scene, dialog)
            await scene.page.picture(f"repair-{key}-not-up", "dialog-data-entry-flow dialog")
            await dialog.close()
            dialog = await _fix(scene, await _issue(scene, key))
            await _take_ours(scene, dialog, key)
            await dialog.submit()
            await dialog.complete(seconds=_LONG)
            await scene.grounds.loaded(DOMAIN, entry)
    finally:
        await scene.grounds.delete_others()
        for each in coordinators:
            await each.stop()


async def _take_ours(scene: Scene, dialog: Dialog, key: str) -> None:
    """Go to the form that restores the entry's network; there is a choice if there is another one."""
    if key == "other_network":
        await dialog.at("menu", "choose", seconds=_LONG)
        await scene.page.picture(f"repair-{key}", "dialog-data-entry-flow dialog")
        await dialog.choose("take_ours")
    await dialog.at("form", "take_ours", seconds=_LONG)
    await scene.page.picture(f"repair-{key}-confirm", "dialog-data-entry-flow dialog")


async def _refuse_to_restore(scene: Scene, dialog: Dialog) -> None:
    """Let the restore fail for each reason in turn; at last it has no effect, and the start fails."""
    module = f"{_FLOWS}.network_repair"
    for error, failing in WRITE_ERRORS.items():
        async with scene.grounds.replaced(module, "restore", failing):
            await dialog.submit()
            await dialog.at("form", "take_ours", error=error)
    async with scene.grounds.replaced(module, "restore", "lambda *_: asyncio.sleep(0)"):
        await dialog.submit()
        await dialog.at("abort", "not_up", seconds=_LONG)


@walk("their-network")
async def their_network(scene: Scene) -> None:
    """A coordinator that was replaced by one whose network is kept, unless another entry has it."""
    used = await start_coordinator(seed=36, is_formed=True)
    port = int(used.url.rpartition(":")[2])
    try:
        entry = await set_up(scene, used)
        await used.stop()
        used = await start_coordinator(seed=37, port=port, is_formed=True)
        async with coordinator(seed=37, is_formed=True) as twin:
            other = await keep_network(scene, twin)
            await scene.grounds.demo.assistant.reload(entry)
            dialog = await _fix(scene, await _issue(scene, "other_network"))
            await dialog.at("menu", "choose", seconds=_LONG)
            await dialog.choose("take_theirs")
            await dialog.at("abort", "already_configured")
            await dialog.close()
            await scene.grounds.demo.assistant.delete_entry(other)
        dialog = await _fix(scene, await _issue(scene, "other_network"))
        await dialog.at("menu", "choose", seconds=_LONG)
        await dialog.choose("take_theirs")
        await dialog.at("form", "take_theirs")
        await dialog.submit()
        await dialog.complete(seconds=_LONG)
    finally:
        await scene.grounds.delete_others()
        await used.stop()


@walk("failures")
async def failures(scene: Scene) -> None:
    """Sending fails too often: the channel is busy, and the coordinator's buffers are full."""
    demo = scene.grounds.demo
    plug = (await watchers(demo))["lumi.plug"]
    statuses = {"channel_crowded": 225, "buffers_full": 17}
    try:
        for status in statuses.values():
            await demo.home.do("confirm", status=status)
            for _ in range(12):
                with suppress(DemoError):
                    await plug.set("switch", "toggle", "state")
        await demo.home.do("heal")
        for key in statuses:
            await _read(scene, await _issue(scene, key, seconds=_CHECKED))
    finally:
        await demo.home.do("heal")
        # The failures of an hour count; a new start counts none.
        await demo.assistant.reload(demo.entry)
    for key in statuses:
        await _gone(scene, key)


@walk("silent-routers")
async def silent_routers(scene: Scene) -> None:
    """A relay that has not sent anything for two days does not respond, until it has power again."""
    grounds, demo = scene.grounds, scene.grounds.demo
    listed = (await demo.home.do("list"))["devices"]
    (relay,) = [device["ieee"] for device in listed if device["name"] == "relay"]
    await grounds.disable(demo.entry, disabled=True)
    await demo.home.do("power_off", "relay")
    try:
        grounds.date_back(relay, timedelta(days=2))
        await grounds.disable(demo.entry, disabled=False)
        await _read(scene, await _issue(scene, "silent_router", seconds=_CHECKED))
    finally:
        await demo.home.do("power_on", "relay")
        await grounds.disable(demo.entry, disabled=False)
    await _gone(scene, "silent_router", seconds=_CHECKED)


@walk("damaged")
async def damaged(scene: Scene) -> None:
    """The databases of a network are damaged: the states are new, the devices are rebuilt."""
    grounds = scene.grounds
    used = await start_coordinator(seed=51, is_formed=True)
    port = int(used.url.rpartition(":")[2])
    try:
        entry = await set_up(scene, used)
        await grounds.disable(entry, disabled=True)
        damage(stored(entry, "states.db"))
        await grounds.disable(entry, disabled=False)
        await _read(scene, await _issue(scene, "storage_damaged"))
        await grounds.disable(entry, disabled=True)
        damage(stored(entry, "db"))
        await grounds.disable(entry, disabled=False)
        issue = await _issue(scene, "database_unusable")
        await used.stop()
        dialog = await _fix(scene, issue)
        await dialog.at("form", "unreachable", error="port_not_found", seconds=_LONG)
        await scene.page.picture("repair-unreachable", "dialog-data-entry-flow dialog")
        await dialog.close()
        used = await start_coordinator(seed=51, port=port, is_formed=True)
        dialog = await _fix_at_last(scene, issue, "database_repair")
        await dialog.at("form", "confirm", seconds=_LONG)
        await scene.page.picture("repair-database", "dialog-data-entry-flow dialog")
        await dialog.submit()
        await dialog.complete(seconds=_LONG)
        await grounds.loaded(DOMAIN, entry)
        await _gone(scene, "database_unusable")
    finally:
        await grounds.delete_others()
        await used.stop()


@walk("wrong-port")
async def wrong_port(scene: Scene) -> None:
    """A coordinator whose connection is lost repeatedly; then something else is at its port."""
    grounds = scene.grounds
    used = await start_coordinator(seed=52, is_formed=True)
    port = int(used.url.rpartition(":")[2])
    try:
        entry = await set_up(scene, used)
        connectivity = await grounds.entity_of_entry(entry, "connectivity")

        async def shows(state: str) -> bool | None:
            states = await grounds.demo.assistant.states()
            return states[connectivity]["state"] == state or None

        for _ in range(5):
            await soon("the connection", lambda: shows("on"))
            await used.home.do("drop_link")
            await soon("its loss", lambda: shows("off"))
        await _read(scene, await _issue(scene, "coordinator_shared"))
        await used.stop()
        async with other_program(b"SSH-2.0-OpenSSH_9.2\r\n", port):
            await grounds.demo.assistant.reload(entry)
            await _read(scene, await _issue(scene, "not_zstack"))
        used = await start_coordinator(seed=52, port=port, is_formed=True)
        await grounds.demo.assistant.reload(entry)
        await grounds.loaded(DOMAIN, entry)
        await _gone(scene, "not_zstack")
    finally:
        await grounds.delete_others()
        await used.stop()


@walk("unplugged", is_slow=True)
async def unplugged(scene: Scene) -> None:
    """The coordinator and the MQTT broker stay away for five minutes, and come back."""
    grounds = scene.grounds
    await grounds.demo.home.do("unplug")
    await grounds.broker.stop()
    try:
        for key in ("coordinator_lost", "mqtt_unavailable"):
            await _read(scene, await _issue(scene, key, seconds=330))
    finally:
        await grounds.broker.start()
        await grounds.demo.home.do("plug_in")
    # After so long a time it is tried to connect once a minute only.
    for key in ("coordinator_lost", "mqtt_unavailable"):
        await _gone(scene, key, seconds=120)


@walk("no-backup")
async def no_backup(scene: Scene) -> None:
    """A coordinator without a network, of which there is no backup."""
    grounds = scene.grounds
    used = await start_coordinator(seed=34, is_formed=True)
    port = int(used.url.rpartition(":")[2])
    try:
        entry = await keep_network(scene, used)
        await grounds.disable(entry, disabled=True)
        stored(entry, "backups").unlink(missing_ok=True)
        await used.stop()
        used = await start_coordinator(seed=35, port=port)
        await grounds.disable(entry, disabled=False)
        dialog = await _fix(scene, await _issue(scene, "not_formed"))
        await dialog.at("abort", "no_backup", seconds=_LONG)
        await scene.page.picture("repair-no-backup", "dialog-data-entry-flow dialog")
        await dialog.close()
    finally:
        await grounds.delete_others()
        await used.stop()


@walk("taken-port")
async def taken_port(scene: Scene) -> None:
    """The port of a network is used by another entry, and by an unknown program; then it is free."""
    grounds = scene.grounds
    with line() as port:
        async with (
            coordinator(seed=61, is_formed=True) as used,
            coordinator(seed=62, is_formed=True) as other,
        ):
            try:
                await port.connect(used)
                entry = await keep_network(scene, used, port.path)
                await grounds.disable(entry, disabled=True)
                await port.connect(other)
                # Another spelling, since no second entry can have the same.
                owner = await keep_network(scene, other, f"/dev/{port.path.removeprefix('/dev')}")
                await grounds.disable(entry, disabled=False)
                await _read(scene, await _issue(scene, "port_owned"))
                await grounds.demo.assistant.delete_entry(owner)
                await port.connect(used)
                with port.locked():
                    await grounds.demo.assistant.reload(entry)
                    await _read(scene, await _issue(scene, "port_busy"))
                await grounds.demo.assistant.reload(entry)
                await grounds.loaded(DOMAIN, entry)
                await _gone(scene, "port_busy")
            finally:
                await grounds.delete_others()


@walk("firmware")
async def firmware(scene: Scene) -> None:
    """Firmware that is old, and such that is not supported: a repair each, and a warning at the setup."""
    grounds = scene.grounds
    async with coordinator(seed=63, is_formed=True, firmware=20200211) as used:
        try:
            entry = await keep_network(scene, used)
            await _read(scene, await _issue(scene, "firmware_too_old"))
            # The virtual coordinator's memory has the format of Z-Stack 3 only.
            async with grounds.replaced(
                f"custom_components.{DOMAIN}.radio.adapter",
                "coordinator_of",
                # Of this coordinator only: that of the demo would have such a repair as well.
                "lambda app: known(app).__replace__(firmware='Z-Stack Home 1.2 20190608')"
                " if '20200211' in known(app).firmware else known(app)",
            ):
                await grounds.demo.assistant.reload(entry)
                await _read(scene, await _issue(scene, "firmware_not_supported"))
        finally:
            await grounds.delete_others()
        async with grounds.replaced(
            f"custom_components.{DOMAIN}.radio.restore", "is_z_stack_1", "lambda app: True"
        ):
            dialog = await at_port(scene, used.url)
            await dialog.at("form", "old_firmware", seconds=_LONG)
            await scene.page.picture("old-firmware", "dialog-data-entry-flow dialog")
            await dialog.submit()
            await dialog.at("menu", "network")
            await dialog.close()


@walk("disk")
async def disk(scene: Scene) -> None:
    """States cannot be written: a setting is refused, and there is a repair, until they can."""
    demo = scene.grounds.demo
    listed = (await demo.home.do("list"))["devices"]
    (plug,) = [device["ieee"] for device in listed if device["name"] == "plug"]
    dialog = await option(scene, "choose_device")
    await dialog.at("form", "choose_device")
    await dialog.fill(device=plug)
    await dialog.submit()
    await dialog.at("form", "device")
    with locked(stored(demo.entry, "states.db")):
        await dialog.fill(availability=31)
        await dialog.submit()
        await dialog.at("form", "device", error="not_stored", seconds=_LONG)
        await scene.page.picture("not-stored", "dialog-data-entry-flow dialog")
        await dialog.close()
        await _read(scene, await _issue(scene, "storage_failed"))
    dialog = await option(scene, "choose_device")
    await dialog.at("form", "choose_device")
    await dialog.fill(device=plug)
    await dialog.submit()
    await dialog.at("form", "device")
    await dialog.fill(availability=32)
    await dialog.submit()
    await dialog.complete()
    await _gone(scene, "storage_failed")


@walk("zha-version")
async def zha_version(scene: Scene) -> None:
    """A version of ZHA whose functions have other names: a repair, and no setup."""
    grounds = scene.grounds
    dialog = await way(scene, "zha_network")
    await dialog.at("form", "zha_network")
    await dialog.submit()
    await dialog.complete(seconds=_LONG)
    (entry,) = [each["entry_id"] for each in await grounds.others()]
    try:
        async with grounds.replaced(
            "homeassistant.components.zha.helpers", "get_zha_gateway", "lambda hass: hass.renamed"
        ):
            await grounds.demo.assistant.reload(entry)
            await _read(scene, await _issue(scene, "zha_changed"))
        await grounds.demo.assistant.reload(entry)
        await grounds.loaded(DOMAIN, entry)
        await _gone(scene, "zha_changed")
    finally:
        await grounds.delete_others()
    dialog = await scene.page.add_integration()
    await dialog.at("menu", "user")
    async with grounds.replaced(
        "homeassistant.components.zha.helpers", "get_zha_gateway", "lambda hass: hass.renamed"
    ):
        await dialog.choose("zha_network")
        await dialog.at("abort", "zha_changed")
        await dialog.close()
