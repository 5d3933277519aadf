"""Try everything the demo shows, through Home Assistant's own API, and say what came of it."""

from collections.abc import Awaitable, Callable
from typing import Any

from scripts.demo_api import Demo, devices_of
from scripts.demo_broker import Broker
from scripts.demo_mqtt import check_mqtt
from scripts.demo_report import Report

_SILENT = {"unavailable", "unknown"}


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

    async def state(self, key: str) -> dict[str, Any]:
        """The whole state of an entity."""
        return (await self._demo.assistant.states())[self._entities[key]]

    def shows(self, key: str, value: str) -> Callable[[], Awaitable[bool]]:
        """Whether an entity has a state."""

        async def condition() -> bool:
            return str((await self.state(key))["state"]) == value

        return condition

    def fired(self, key: str, kind: str, **attributes: Any) -> Callable[[], Awaitable[bool]]:
        """Whether an event entity told of something last, with these attributes."""

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
        if entity["device_id"] in registered and entity["disabled_by"] is None:
            ieee = registered[entity["device_id"]]["serial_number"]
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
    await plug.set("number", "set_value", "device_temperature_calibration", value=-2)
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
    """Let a named person in, and refuse and hear others."""
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


async def name_user(demo: Demo, lock: Watcher, number: int, name: str) -> None:
    """Name a lock's user in the options flow."""
    (ieee,) = [d["ieee"] for d in (await demo.home.do("list"))["devices"] if d["name"] == lock.name]
    await demo.assistant.options(
        demo.entry,
        {"next_step_id": "choose_device"},
        {"device": ieee},
        {"users": [{"id": number, "name": name}], "availability": 1500, "legacy": True},
    )


async def check_lock(report: Report, lock: Watcher) -> None:
    """The first lock tells who, and nothing of bolts."""
    await lock.do("finger", user=1)
    await report.expect("lock: finger", lock.fired("activity", "finger_open", user=1))
    await lock.do("wrong_finger", tries=1)
    await report.expect("lock: wrong finger", lock.fired("activity", "finger_not_match", repeat=1))
    await lock.do("ring")
    await report.expect("lock: bell", lock.fired("doorbell", "ring"))


async def check_knob(report: Report, knob: Watcher) -> None:
    """Press, turn, and set what it hears only when it wakes up."""
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


async def check(demo: Demo, broker: Broker) -> int:
    """Try everything, print a table of all entities; 0 when all went well."""
    report = Report()
    found = await watchers(demo)
    await check_plug(report, found["lumi.plug"])
    await check_relay(report, found["lumi.relay.c2acn01"])
    await check_lock_s2(report, demo, found["lumi.lock.acn02"])
    await check_lock(report, found["lumi.lock.aq1"])
    await check_knob(report, found["lumi.remote.rkba01"])
    await found["lumi.lock.acn02"].do("battery_alarm")
    await check_mqtt(report, demo, broker)
    await report.expect("every entity is live", lambda: all_live(demo))
    await print_table(demo)
    for failure in report.failures:
        print(f"demo: {failure}")
    print(f"{len(report.failures)} failures")
    return bool(report.failures)


async def all_live(demo: Demo) -> bool:
    """Whether no enabled entity of ours is without a state."""
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
