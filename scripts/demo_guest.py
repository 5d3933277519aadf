"""The demo on the network of the real ZHA: sets ZHA up, uses its network, and checks both."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from scripts.demo_api import Demo, DemoError, address_of, soon
from scripts.demo_check import Watcher, check_lock, check_models, conclude, watchers
from scripts.demo_process import ROOT
from scripts.demo_report import Report

DOMAIN = "aqara_zigbee"

PACKAGES = ROOT / ".venv" / "zha"
"""Folder of `scripts/setup` with ZHA; must be in front of Home Assistant's environment."""

ZHA_CONFIGURATION = """\
zha:
  zigpy_config:
    ota:
      enabled: false
"""
"""No images are looked for, so that nothing leaves the machine."""


def zha_entry(stick: str) -> dict[str, Any]:
    """ZHA's config entry. Its dialog would try other kinds of coordinators for a minute first."""
    return {
        "entry_id": "demo_zha",
        "domain": "zha",
        "title": "ZHA",
        "version": 5,
        "minor_version": 2,
        "source": "user",
        "data": {
            "device": {"path": stick, "baudrate": 115200, "flow_control": None},
            "radio_type": "znp",
        },
    }


_WAKING = {
    "lumi.remote.rkba01": "press_five_times",
    "lumi.lock.acn02": "ring",
    "lumi.lock.aq1": "ring",
}
"""Actions that wake sleepy devices."""

_SHOWN = {
    "lumi.plug": "state",
    "lumi.relay.c2acn01": "state_l1",
    "lumi.lock.acn02": "activity",
    "lumi.lock.aq1": "activity",
    "lumi.remote.rkba01": "button",
}
"""An entity of each device that shows whether the device is available."""

_MOST_SECONDS = 254


async def pair_with_zha(demo: Demo) -> list[dict[str, Any]]:
    """Let all devices join ZHA's network; those that it has registered."""
    zha = await demo.assistant.loaded("zha")
    await demo.assistant.call("zha", "permit", duration=_MOST_SECONDS)
    members = {each["ieee"]: each for each in (await demo.home.do("list"))["devices"]}

    async def registered() -> list[dict[str, Any]] | None:
        found = {
            address_of(device): device
            for device in await demo.assistant.ask("config/device_registry/list")
            if zha in device["config_entries"] and device["connections"]
        }
        missing = members.keys() - found.keys()
        await wake(demo, {members[ieee]["model"] for ieee in missing})
        return None if missing else [found[ieee] for ieee in members]

    return await soon("joining ZHA", registered)


async def wake(demo: Demo, models: set[str]) -> None:
    """Let joined sleepy devices send something, as the user would."""
    for device in (await demo.home.do("list"))["devices"]:
        order = _WAKING.get(device["model"])
        if device["model"] in models and order and device["joined"] and not device["awake"]:
            await demo.home.do(order, device["name"])


async def use_zha(demo: Demo) -> None:
    """Use ZHA's network, as a user would, with our entities only, and wake up who sleeps."""
    await demo.assistant.configure(
        DOMAIN, {"next_step_id": "zha_network"}, {"disable_zha_entities": True}
    )
    demo.entry = await demo.assistant.loaded(DOMAIN)
    await soon("setting the knob up", partial(_is_set_up, demo))


async def _is_set_up(demo: Demo) -> bool | None:
    """Whether the knob, which was paired before we came, has been set up."""
    await wake(demo, set(_WAKING))
    knob = (await watchers(demo))["lumi.remote.rkba01"]
    return (await knob.state("operation_mode"))["state"] == "event" or None


async def check_guest(demo: Demo) -> int:
    """Try our devices on ZHA's network, print a table of all entities; 0 when all went well."""
    report = Report()
    await report.expect("ZHA is loaded", partial(_is_loaded, demo, "zha"))
    await report.expect("the entry on ZHA's network is loaded", partial(_is_loaded, demo, DOMAIN))
    found = await watchers(demo)
    await check_lock(report, found["lumi.lock.aq1"])
    await check_models(report, demo, found)
    await check_zha_entities(report, demo)
    await check_zha_reload(report, demo, found)
    return await conclude(report, demo)


async def _is_loaded(demo: Demo, domain: str) -> bool:
    entries = await demo.assistant.ask("config_entries/get", domain=domain)
    return [entry["state"] for entry in entries] == ["loaded"]


async def check_zha_entities(report: Report, demo: Demo) -> None:
    """Those of our devices are disabled, as was chosen, except updates of firmware."""

    async def disabled() -> bool:
        ours = {each["ieee"] for each in (await demo.home.do("list"))["devices"]}
        entities = [
            each
            for each in await demo.assistant.ask("config/entity_registry/list")
            if each["platform"] == "zha" and each["unique_id"][:23] in ours
        ]
        enabled = [each for each in entities if each["disabled_by"] is None]
        return bool(entities) and all(each["entity_id"].startswith("update.") for each in enabled)

    await report.expect("ZHA's entities of our devices are disabled", disabled)


async def check_zha_reload(report: Report, demo: Demo, found: dict[str, Watcher]) -> None:
    """Devices are unavailable while ZHA is reloaded, and come back without our doing anything."""

    def each_is(wanted: Callable[[str], bool]) -> Callable[[], Awaitable[bool]]:
        async def condition() -> bool:
            states = await demo.assistant.states()
            shown = (states[found[model].entity(key)]["state"] for model, key in _SHOWN.items())
            return all(map(wanted, shown))

        return condition

    zha = await demo.assistant.loaded("zha")
    reload = asyncio.create_task(demo.assistant.reload(zha))
    await report.expect("ZHA is reloaded: devices unavailable", each_is("unavailable".__eq__))
    try:
        await reload
    except DemoError as error:
        report.failures.append(str(error))
    await report.expect("and available again", each_is("unavailable".__ne__))
    plug, knob = found["lumi.plug"], found["lumi.remote.rkba01"]
    await plug.set("switch", "turn_off", "state")
    await report.expect("plug: off, by Home Assistant", partial(_is_off, demo, plug))
    await knob.do("double")
    await report.expect(
        "knob: double press", knob.fired("button", "multi_press_end", multi_press_count=2)
    )
    await plug.set("switch", "turn_on", "state")


async def _is_off(demo: Demo, plug: Watcher) -> bool:
    """Whether the simulated plug itself and its entity are off."""
    home = (await demo.home.do("snapshot"))["snapshot"]
    (node,) = (each for each in home["devices"] if each["model"] == "lumi.plug")
    return bool(node["state"]["on"] == [False]) and await plug.shows("state", "off")()
