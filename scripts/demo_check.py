"""Check everything in the demo, through Home Assistant's own API, and print the results."""

import asyncio
from collections.abc import Awaitable, Callable
import re
from typing import Any

from scripts.demo_api import Demo, address_of, devices_of
from scripts.demo_broker import Broker
from scripts.demo_mqtt import check_mqtt
from scripts.demo_process import FOLDER
from scripts.demo_report import Report

_SILENT = {"unavailable", "unknown"}
_ERROR = re.compile(r"\S+ \S+ (ERROR|CRITICAL) ")
_OURS = re.compile(r"(?<!/)aqara_zigbee|custom_components/aqara_zigbee")
"""Our name, but not as a folder that the repository may be in."""


class Watcher:
    """Entities of one simulated device, found by the end of their unique id."""

    def __init__(self, demo: Demo, entities: dict[str, str], name: str) -> None:
        self._demo = demo
        self._entities = entities
        self.name = name

    @property
    def entities(self) -> list[str]:
        """Its entity ids."""
        return list(self._entities.values())

    async def device_id(self) -> str:
        """Its id in Home Assistant's registry."""
        entities = await self._demo.assistant.ask("config/entity_registry/list")
        (found,) = {e["device_id"] for e in entities if e["entity_id"] in self.entities}
        return str(found)

    def entity(self, key: str) -> str:
        """An entity id."""
        return self._entities[key]

    async def state(self, key: str) -> dict[str, Any]:
        """The whole state of an entity."""
        return (await self._demo.assistant.states())[self._entities[key]]

    def shows(self, key: str, value: str) -> Callable[[], Awaitable[bool]]:
        """Whether an entity has a state."""

        async def condition() -> bool:
            return str((await self.state(key))["state"]) == value

        return condition

    def fired(self, key: str, kind: str, **attributes: Any) -> Callable[[], Awaitable[bool]]:
        """Return a condition: an event entity fired last with these attributes."""

        async def condition() -> bool:
            found: dict[str, Any] = (await self.state(key))["attributes"]
            return found.get("event_type") == kind and attributes.items() <= found.items()

        return condition

    async def do(self, order: str, **arguments: Any) -> None:
        """Let something happen at the simulated device."""
        await self._demo.home.do(order, self.name, **arguments)

    async def set(self, domain: str, action: str, key: str, **data: Any) -> None:
        """Perform an action on an entity."""
        await self._demo.assistant.call(domain, action, entity_id=self._entities[key], **data)


async def watchers(demo: Demo) -> dict[str, Watcher]:
    """One for each device, by model."""
    listed = {device["ieee"]: device for device in (await demo.home.do("list"))["devices"]}
    registered = {device["id"]: device for device in await devices_of(demo)}
    entities: dict[str, dict[str, str]] = {}
    for entity in await demo.assistant.ask("config/entity_registry/list"):
        is_ours = entity["platform"] == "aqara_zigbee" and entity["disabled_by"] is None
        if is_ours and entity["device_id"] in registered:
            ieee = address_of(registered[entity["device_id"]])
            key = entity["unique_id"].removeprefix(f"{ieee}-")
            entities.setdefault(ieee, {})[key] = entity["entity_id"]
    return {
        device["model"]: Watcher(demo, entities[ieee], device["name"])
        for ieee, device in listed.items()
    }


async def check_plug(report: Report, plug: Watcher) -> None:
    """Switch it, measure it, press its button, keep its state."""
    await plug.do("set_load", watts=1200)
    await plug.set("switch", "turn_on", "state")
    await report.expect("plug: on, by Home Assistant", plug.shows("state", "on"))
    await report.expect("plug: 1200 W", plug.shows("power", "1200"))
    await report.expect("plug: changed by the network", plug.shows("change_cause", "network"))
    await plug.do("press")
    await report.expect("plug: off, by its button", plug.shows("state", "off"))
    await report.expect("plug: changed by its button", plug.shows("change_cause", "button"))
    await plug.set("switch", "turn_on", "power_outage_memory")
    await report.expect("plug: outage memory", plug.shows("power_outage_memory", "on"))
    await plug.do("heartbeat")
    await plug.set("switch", "turn_on", "state")


async def check_relay(report: Report, relay: Watcher) -> None:
    """Switch both channels; the interlock lets only one stay on."""
    for channel in ("state_l1", "state_l2"):
        await relay.set("switch", "turn_on", channel)
        await report.expect(f"relay: {channel} on", relay.shows(channel, "on"))
    await relay.set("switch", "turn_on", "interlock")
    await report.expect("relay: interlock, read back", relay.shows("interlock", "on"))
    await relay.set("switch", "turn_on", "state_l1")
    await report.expect("relay: interlock opens channel 2", relay.shows("state_l2", "off"))
    await relay.set("switch", "turn_off", "interlock")
    await relay.set("switch", "turn_on", "power_outage_memory")
    await relay.do("heartbeat")
    await report.expect("relay: outage memory", relay.shows("power_outage_memory", "on"))


async def check_lock_s2(report: Report, demo: Demo, lock: Watcher) -> None:
    """Open with a named user, and check rejected attempts and the bell."""
    await name_user(demo, lock, 3, "Ann")
    await lock.do("heartbeat")
    await lock.do("wrong_password", tries=2)
    await report.expect("lock S2: wrong password", lock.fired("activity", "password_not_match"))
    await lock.do("ring")
    await report.expect("lock S2: bell", lock.fired("doorbell", "ring"))
    await lock.do("finger", user=3)
    await report.expect(
        "lock S2: opened by Ann with a finger",
        lock.fired("activity", "lock_opened_outside", name="Ann", method="finger", user=3),
    )
    await report.expect("lock S2: unlocked", lock.shows("state", "on"))
    await report.expect("lock S2: last opened by", lock.shows("last_opened_by", "Ann"))
    await lock.do("battery_alarm")
    await report.expect("lock S2: battery low", lock.shows("battery_low", "on"))


async def name_user(demo: Demo, lock: Watcher, number: int, name: str) -> None:
    """Name a lock's user in the options flow."""
    await set_up_lock(demo, lock, users=[{"id": number, "name": name}], availability=1500)


async def set_up_lock(demo: Demo, lock: Watcher, **settings: Any) -> None:
    """Give a lock these settings in the options flow."""
    (ieee,) = [d["ieee"] for d in (await demo.home.do("list"))["devices"] if d["name"] == lock.name]
    await demo.assistant.options(
        demo.entry,
        {"next_step_id": "choose_device"},
        {"device": ieee},
        {"legacy": True, **settings},
    )


async def check_lock(report: Report, lock: Watcher) -> None:
    """The first lock reports users, but no bolts."""
    await lock.do("finger", user=1)
    await report.expect("lock: finger", lock.fired("activity", "finger_open", user=1))
    await lock.do("wrong_finger", tries=1)
    await report.expect("lock: wrong finger", lock.fired("activity", "finger_not_match", repeat=1))
    await lock.do("ring")
    await report.expect("lock: tampering", lock.fired("tamper", "tampering"))


async def check_knob(report: Report, knob: Watcher) -> None:
    """Press, turn, and set a value that waits until it wakes up."""
    await knob.do("press")
    await report.expect("knob: press", knob.fired("button", "press_end"))
    await knob.do("turn", degrees=60, steps=3)
    await report.expect(
        "knob: turn", knob.fired("rotation", "stop_rotating", direction="clockwise")
    )
    await knob.do("turn", degrees=-60, steps=3, pressed=True)
    await report.expect(
        "knob: turn back while pressed",
        knob.fired("rotation", "stop_rotating", direction="counterclockwise", pressed=True),
    )
    await report.expect("knob: event mode", knob.shows("operation_mode", "event"))
    await knob.set("select", "select_option", "sensitivity", option="high")
    await knob.do("press_five_times")
    await report.expect("knob: sensitivity, when it woke up", knob.shows("sensitivity", "high"))
    await knob.do("heartbeat")


async def check_lamp(report: Report, demo: Demo, knob: Watcher) -> None:
    """The knob dims and switches the lamp, by the automation that the demo has made of a blueprint."""

    async def lamp() -> dict[str, Any]:
        found: dict[str, Any] = (await demo.assistant.states())["light.lamp"]
        return found

    async def turned(degrees: int, comparison: Callable[[int, int], bool]) -> None:
        before = (await lamp())["attributes"]["brightness"]
        await knob.do("turn", degrees=degrees, steps=3)

        async def condition() -> bool:
            return comparison((await lamp())["attributes"].get("brightness") or 0, before)

        await report.expect(f"knob: turned by {degrees}°, the lamp is dimmed", condition)

    async def is_off() -> bool:
        return bool((await lamp())["state"] == "off")

    await demo.assistant.call("light", "turn_on", entity_id="light.lamp", brightness=100)
    await turned(60, int.__gt__)
    await turned(-90, int.__lt__)
    await knob.do("press")
    await report.expect("knob: pressed, the lamp is off", is_off)


async def check_areas(report: Report, demo: Demo) -> None:
    """Every device is in an area, so that Home Assistant's own overview shows it."""

    async def placed() -> bool:
        return all(device["area_id"] for device in await devices_of(demo))

    await report.expect("every device is in an area", placed)


class WakeUp:
    """An event of a sleeping device, after it was unavailable, and automations that wait for it.

    One automation is written by hand and one is made from a blueprint. Neither may run when the device
    merely comes back; both run for the event that ends its silence.
    """

    BY_HAND = "automation.check_by_hand"
    BY_BLUEPRINT = "automation.check_by_blueprint"

    def __init__(self, report: Report, demo: Demo, lock: Watcher) -> None:
        self._report = report
        self._demo = demo
        self._lock = lock

    async def prepare(self) -> None:
        """Make the automations, and let the lock count as unavailable after a minute."""
        lock = await self._lock.device_id()
        await self._demo.assistant.automation(
            "check_by_hand",
            alias="Check by hand",
            triggers=[
                {
                    "trigger": "aqara_zigbee.opened",
                    "target": {"device_id": lock},
                    "options": {"method": ["password"]},
                }
            ],
            actions=[{"action": "light.turn_on", "target": {"entity_id": "light.lamp"}}],
        )
        await self._demo.assistant.automation(
            "check_by_blueprint",
            alias="Check by blueprint",
            use_blueprint={
                "path": "aqara_zigbee/lock_notify.yaml",
                "input": {"lock": lock},
            },
        )
        await self._lock.do("password", user=1)
        await self._report.expect("automations run for an opening", self._have_run)
        self._before = await self._runs()
        await set_up_lock(self._demo, self._lock, users=[], availability=1)

    async def check(self) -> None:
        """Wait until the lock is unavailable, then open the door."""
        await self._report.expect("lock: unavailable after silence", self._is_gone, seconds=150)
        await self._report.expect("automations do not run for its silence", self._ran_no_more)
        await self._lock.do("password", user=2)
        await self._report.expect(
            "lock: the event that wakes it up",
            self._lock.fired("activity", "password_open", user=2),
        )
        await self._report.expect("automations run for that event", self._ran_again)

    async def check_return(self) -> None:
        """No automation has run because the coordinator came back."""
        await self._report.expect("automations do not run for its return", self._ran_no_more)

    async def _is_gone(self) -> bool:
        return bool((await self._lock.state("activity"))["state"] == "unavailable")

    async def _runs(self) -> list[str | None]:
        """Return the times of each automation's last run."""
        states = await self._demo.assistant.states()
        return [
            states[automation]["attributes"]["last_triggered"]
            for automation in (self.BY_HAND, self.BY_BLUEPRINT)
        ]

    async def _have_run(self) -> bool:
        return None not in await self._runs()

    async def _ran_no_more(self) -> bool:
        return await self._runs() == self._before

    async def _ran_again(self) -> bool:
        runs = await self._runs()
        return all(now != before for now, before in zip(runs, self._before, strict=True))


async def check_coordinator(report: Report, demo: Demo) -> None:
    """Unplug the coordinator, and plug it in again."""
    entities = {
        entity["unique_id"].rpartition("-")[2]: entity["entity_id"]
        for entity in await demo.assistant.ask("config/entity_registry/list")
        if entity["config_entry_id"] == demo.entry
    }

    def shows(key: str, *wanted: str) -> Callable[[], Awaitable[bool]]:
        async def condition() -> bool:
            states = await demo.assistant.states()
            return states[entities[key]]["state"] in wanted

        return condition

    await report.expect("coordinator: connected", shows("connectivity", "on"))
    await demo.home.do("unplug")
    await report.expect("coordinator: unplugged", shows("connectivity", "off"))
    await report.expect("joining is unavailable", shows("permit_join", "unavailable"))
    await demo.home.do("plug_in")
    await report.expect("coordinator: plugged in", shows("connectivity", "on"))
    await report.expect("joining is available again", shows("permit_join", "on", "off"))


async def check_network_map(report: Report, demo: Demo) -> None:
    """A scan names every device."""
    await demo.assistant.call("aqara_zigbee", "scan_network", config_entry_id=demo.entry)
    names = [str(device["name_by_user"] or device["name"]) for device in await devices_of(demo)]

    async def drawn() -> bool:
        states = (await demo.assistant.states()).values()
        pictures = [
            await demo.assistant.text(state["attributes"]["entity_picture"])
            for state in states
            if state["entity_id"].startswith("image.")
        ]
        return any(all(name in picture for name in names) for picture in pictures)

    await report.expect("the network map names every device", drawn)


async def check(demo: Demo, broker: Broker) -> int:
    """Try everything, print a table of all entities; 0 when all went well."""
    report = Report()
    found = await watchers(demo)
    await check_lock(report, found["lumi.lock.aq1"])
    wake_up = WakeUp(report, demo, found["lumi.lock.aq1"])
    await wake_up.prepare()
    await check_coordinator(report, demo)
    await wake_up.check_return()
    await check_models(report, demo, found)
    await check_network_map(report, demo)
    await check_mqtt(report, demo, broker)
    await wake_up.check()
    return await conclude(report, demo)


async def check_models(report: Report, demo: Demo, found: dict[str, Watcher]) -> None:
    """Try what the plug, the relay, the second lock and the knob can do."""
    await check_plug(report, found["lumi.plug"])
    await check_relay(report, found["lumi.relay.c2acn01"])
    await check_lock_s2(report, demo, found["lumi.lock.acn02"])
    await check_knob(report, found["lumi.remote.rkba01"])
    await check_lamp(report, demo, found["lumi.remote.rkba01"])
    await check_areas(report, demo)


async def conclude(report: Report, demo: Demo) -> int:
    """Check what has to be so in the end, and print all; 0 when all went well."""
    await report.expect("every entity is live", lambda: all_live(demo))
    await report.expect("no errors of ours in the log", no_errors, seconds=1)
    await print_table(demo)
    for failure in report.failures:
        print(f"demo: {failure}")
    print(f"{len(report.failures)} failures")
    return bool(report.failures)


async def no_errors() -> bool:
    """Whether no error that concerns us is in Home Assistant's log; prints those that are."""
    text = await asyncio.to_thread((FOLDER / "home-assistant.log").read_text)
    found = [
        each
        for each in re.split(r"(?m)^(?=\d{4}-\d\d-\d\d )", text)
        if _ERROR.match(each) and _OURS.search(each)
    ]
    print(*found, sep="", end="")
    return not found


async def all_live(demo: Demo) -> bool:
    """Whether all our enabled entities have a state."""
    states = await demo.assistant.states()
    return not [
        entity
        for watcher in (await watchers(demo)).values()
        for entity in watcher.entities
        if states.get(entity, {}).get("state", "unknown") in _SILENT
    ]


async def print_table(demo: Demo) -> None:
    """All our entities and their states."""
    states = await demo.assistant.states()
    for model, watcher in sorted((await watchers(demo)).items()):
        print(f"\n{model}")
        for entity in sorted(watcher.entities):
            state = states.get(entity, {})
            unit = state.get("attributes", {}).get("unit_of_measurement", "")
            print(f"  {entity:58} {state.get('state', '(no state)')} {unit}")
    print()
