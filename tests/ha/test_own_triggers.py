"""Our own triggers and conditions: what happens at knobs, locks, plugs and relays, by target."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from homeassistant.components.event import EventDeviceClass, EventEntity
from homeassistant.components.lock import LockEntityFeature
from homeassistant.components.media_player import MediaPlayerEntityFeature
from homeassistant.components.sensor import SensorDeviceClass, SensorEntity
from homeassistant.components.switch import SwitchDeviceClass, SwitchEntity
from homeassistant.const import STATE_OFF, STATE_ON
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import (
    area_registry as ar,
    config_validation as cv,
    device_registry as dr,
    entity_registry as er,
    label_registry as lr,
)
from homeassistant.helpers.condition import (
    async_from_config as async_condition_from_config,
    async_validate_condition_config,
)
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.trigger import async_validate_trigger_config
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import parse_yaml
import probatio
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.aqara_zigbee import trigger
from custom_components.aqara_zigbee.const import DOMAIN
from custom_components.aqara_zigbee.core import context
from custom_components.aqara_zigbee.core.definition import Definition
from custom_components.aqara_zigbee.core.events import Update
from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.core.models import DEFINITIONS
from custom_components.aqara_zigbee.entity import TARGETED
from custom_components.aqara_zigbee.simulator.actions import actions_of
from custom_components.aqara_zigbee.simulator.devices import (
    MODELS as SIMULATED,
    Knob,
    Lock,
    LockS2,
    Plug,
    Relay,
)
from custom_components.aqara_zigbee.simulator.devices.mains import BY_HAND, BY_ITSELF
from custom_components.aqara_zigbee.simulator.home import Home
from custom_components.aqara_zigbee.simulator.node import Node
from custom_components.aqara_zigbee.targets import cause_of, switches_of
from custom_components.aqara_zigbee.trigger import EventTrigger, PressedTrigger, TurnedTrigger
from tests.ha.automations import (
    Absence,
    device_id,
    leaving,
    listen,
    loss,
    restart,
    settled,
    silence,
)
from tests.ha.conftest import entity_id, join, state, until
from tests.ha.test_locks import options as settings

ADA = {"id": 3, "name": "Ada"}


@pytest.mark.parametrize(
    ("options", "turn", "told"),
    [
        ({}, (60, 3, False), [("clockwise", False, 20)] * 3),
        ({}, (-60, 3, True), [("counterclockwise", True, -20)] * 3),
        ({"direction": "clockwise"}, (-60, 3, False), []),
        (
            {"direction": "counterclockwise"},
            (-60, 3, False),
            [("counterclockwise", False, -20)] * 3,
        ),
        ({"pressed": "pressed"}, (60, 3, False), []),
        ({"pressed": "released"}, (60, 3, False), [("clockwise", False, 20)] * 3),
        (
            {"pressed": "pressed", "direction": "clockwise"},
            (30, 1, True),
            [("clockwise", True, 30)],
        ),
        ({"amount": 30}, (90, 9, False), [("clockwise", False, 10)] * 3),
        ({"amount": 30}, (-75, 3, False), [("counterclockwise", False, -25)] * 2),
        ({"amount": 90}, (60, 3, False), []),
        ({"amount": 10}, (60, 2, False), [("clockwise", False, 30)] * 2),
    ],
)
async def test_turned(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    entry: MockConfigEntry,
    options: dict[str, Any],
    turn: tuple[int, int, bool],
    told: list[tuple[str, bool, float]],
) -> None:
    """Each step, or each time by some degrees; by direction and whether the button is held."""
    knob = Knob()
    device = await join(home, gateway, knob)
    turned = {
        "trigger": f"{DOMAIN}.turned",
        "target": {"device_id": device_id(hass, entry, device)},
        "options": options,
    }
    ran = await listen(
        hass,
        turned,
        told="{{ (trigger.direction, trigger.pressed, trigger.angle_delta | round | int) }}",
    )
    degrees, steps, pressed = turn
    knob.turn(degrees, steps=steps, pressed=pressed)
    await until(lambda: state(hass, device, "rotation").attributes["event_type"] == "stop_rotating")
    await settled(hass)
    assert [tuple(call.data["told"]) for call in ran] == told


def events_of(definition: Definition) -> set[str]:
    """Return the names of a model's events."""
    return {event.name for event in definition.action.events} if definition.action else set()


WITH_BUTTON = [
    SIMULATED[definition.zigbee_model]
    for definition in DEFINITIONS.distinct()
    if PressedTrigger._event in events_of(definition)
]
"""The simulated devices with a button; each has the actions of `test_pressed`."""


@pytest.mark.parametrize("make", WITH_BUTTON)
@pytest.mark.parametrize(
    ("options", "do", "told"),
    [
        ({}, "press", ["single"]),
        ({}, "double", []),
        ({"press": "double"}, "double", ["double"]),
        ({"press": ["long"]}, "hold", ["long"]),
        ({"press": ["released", "single"]}, "hold", ["released"]),
        ({"press": ["long", "released"]}, "hold", ["long", "released"]),
    ],
)
async def test_pressed(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    make: Callable[[], Node],
    options: dict[str, Any],
    do: str,
    told: list[str],
) -> None:
    node = make()
    device = await join(home, gateway, node)
    target = {"entity_id": entity_id(hass, device, "button")}
    pressed = {"trigger": f"{DOMAIN}.pressed", "target": target, "options": options}
    ran = await listen(hass, pressed, press="{{ trigger.press }}")
    actions_of(node)[do]()
    ends = ("press_end", "multi_press_end", "long_press_end")
    await until(lambda: state(hass, device, "button").attributes["event_type"] in ends)
    await settled(hass)
    assert [call.data["press"] for call in ran] == told


@pytest.mark.parametrize("definition", DEFINITIONS.distinct(), ids=lambda each: each.model)
@pytest.mark.parametrize(
    ("listener", "known"), [(PressedTrigger, trigger.PRESSES), (TurnedTrigger, trigger.STEPS)]
)
def test_triggers_know_all_types_of_their_event(
    definition: Definition, listener: type[EventTrigger], known: Mapping[str, object]
) -> None:
    """Events of one name have the same types in all models."""
    for event in definition.action.events if definition.action else ():
        if event.name == listener._event:
            assert {*(kind for kind, _ in event.types.values()), *event.kinds} == known.keys()


BY_FINGER = ("outside", "finger", "Ada")
BY_PASSWORD = ("outside", "password", "#7")
BY_KEY = ("outside", "None", "None")
FROM_INSIDE = ("inside", "None", "None")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({}, [BY_FINGER, BY_PASSWORD, BY_KEY, FROM_INSIDE]),
        ({"person": []}, [BY_FINGER, BY_PASSWORD, BY_KEY, FROM_INSIDE]),
        ({"person": "Ada"}, [BY_FINGER]),
        ({"person": ["ada ", "Bob"]}, [BY_FINGER]),
        ({"person": ["person.ada_lovelace"]}, [BY_FINGER]),
        ({"person": ["person.nobody", "#7"]}, [BY_PASSWORD]),
        ({"person": ["Bob"]}, []),
        ({"method": ["finger"]}, [BY_FINGER]),
        ({"method": "password"}, [BY_PASSWORD]),
        ({"method": ["password"], "person": ["Ada"]}, []),
        ({"side": "inside"}, [FROM_INSIDE]),
        ({"side": "outside"}, [BY_FINGER, BY_PASSWORD, BY_KEY]),
        ({"side": "outside", "person": ["Ada"], "method": ["finger", "password"]}, [BY_FINGER]),
    ],
)
async def test_opened(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    entry: MockConfigEntry,
    options: dict[str, Any],
    told: list[tuple[str, str, str]],
) -> None:
    """Once for each opening: by a named and by an unnamed user, by key, and from inside."""
    lock = LockS2()
    device = await join(home, gateway, lock)
    await settings(hass, entry, device, users=[ADA])
    hass.states.async_set("person.ada_lovelace", "home", {"friendly_name": "Ada"})
    opened = {
        "trigger": f"{DOMAIN}.opened",
        "target": {"device_id": device_id(hass, entry, device)},
        "options": options,
    }
    ran = await listen(
        hass,
        opened,
        side="{{ trigger.side }}",
        method="{{ trigger.method }}",
        name="{{ trigger.name }}",
    )
    received: list[str] = []
    device.subscribe(
        lambda update: received.append(update.action.action) if update.action else None
    )
    lock.finger(3)
    await until(lambda: received.count("lock_opened_outside") == 1)
    lock.password(7)
    await until(lambda: received.count("lock_opened_outside") == 2)
    lock.happen(0x0B, 0x00)  # by key
    await until(lambda: received.count("lock_opened_outside") == 3)
    lock.open_inside()
    await until(lambda: "lock_opened_inside" in received)
    await settled(hass)
    assert [(c.data["side"], str(c.data["method"]), str(c.data["name"])) for c in ran] == told


@pytest.mark.parametrize("make", [Lock, LockS2])
async def test_events_of_a_lock(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    entry: MockConfigEntry,
    make: type[Lock | LockS2],
) -> None:
    """Refused attempts, the bell of one lock and the tamper alarm of the other, with one target."""
    lock = make()
    device = await join(home, gateway, lock)
    target = {"device_id": device_id(hass, entry, device)}
    failed = {"trigger": f"{DOMAIN}.attempt_failed", "target": target}
    ran = await listen(
        hass,
        failed | {"id": "any"},
        failed | {"id": "password", "options": {"method": ["password"]}},
        {"trigger": f"{DOMAIN}.rang", "target": target, "id": "rang"},
        {"trigger": f"{DOMAIN}.tampered", "target": target, "id": "tampered"},
        {"trigger": f"{DOMAIN}.opened", "target": target, "id": "opened"},
        method="{{ trigger.method | default('') }}",
        repeat="{{ trigger.repeat | default(0) }}",
    )

    def runs() -> list[tuple[str, str, int]]:
        return [(call.data["by"], call.data["method"], call.data["repeat"]) for call in ran]

    lock.wrong_finger(tries=2)
    await until(lambda: len(ran) == 1)
    lock.wrong_password(tries=1)
    await until(lambda: len(ran) == 3)
    lock.ring()
    await until(lambda: len(ran) == 4)
    await settled(hass)
    assert runs()[0] == ("any", "finger", 2)
    assert sorted(runs()[1:3]) == [("any", "password", 1), ("password", "password", 1)]
    assert runs()[3:] == [("rang" if make is LockS2 else "tampered", "", 0)]


@pytest.mark.parametrize(("make", "key"), [(Plug, "state"), (Relay, "state_l1")])
async def test_switched_by(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    entry: MockConfigEntry,
    make: type[Plug | Relay],
    key: str,
) -> None:
    """By its button, by Home Assistant, or automatically; the new state is an option, too."""
    node = make()
    device = await join(home, gateway, node)
    switch = entity_id(hass, device, key)
    await until(lambda: state(hass, device, key).state in (STATE_ON, STATE_OFF))
    whole = {"device_id": device_id(hass, entry, device)}

    def switched_by(name: str, **options: Any) -> dict[str, Any]:
        return {"trigger": f"{DOMAIN}.switched_by", "target": whole, "options": options, "id": name}

    async def switched(to: str) -> None:
        await until(lambda: state(hass, device, key).state == to)
        await settled(hass)

    await hass.services.async_call("switch", "turn_off", {"entity_id": switch}, blocking=True)
    await switched(STATE_OFF)
    ran = await listen(
        hass,
        switched_by("button"),
        switched_by("network", by="network"),
        switched_by("either", by=["button", "power"], to="off"),
        cause="{{ trigger['by'] }}",
    )

    def runs() -> list[tuple[str, str]]:
        return [(call.data["by"], call.data["cause"]) for call in ran]

    node.press()
    await switched(STATE_ON)
    assert runs() == [("button", "button")]
    await hass.services.async_call("switch", "turn_off", {"entity_id": switch}, blocking=True)
    await switched(STATE_OFF)
    assert runs()[1:] == [("network", "network")]
    node.press()
    await switched(STATE_ON)
    node.switch(0, on=False, cause=BY_ITSELF)
    await switched(STATE_OFF)
    assert runs()[2:] == [("button", "button"), ("either", "power")]


@pytest.mark.parametrize("by", ["area", "label", "entity"])
async def test_targets(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry, by: str
) -> None:
    """By area, by label, and by another entity of the device; others are not listened to."""
    knob, other = Knob(), Knob()
    device, away = await join(home, gateway, knob), await join(home, gateway, other)
    area = ar.async_get(hass).async_create("Hall")
    label = lr.async_get(hass).async_create("Knobs")
    dr.async_get(hass).async_update_device(
        device_id(hass, entry, device), area_id=area.id, labels={label.label_id}
    )
    targets = {
        "area": {"area_id": area.id},
        "label": {"label_id": [label.label_id]},
        "entity": {"entity_id": entity_id(hass, device, "rotation")},
    }
    ran = await listen(hass, {"trigger": f"{DOMAIN}.pressed", "target": targets[by]})
    other.press()
    await until(lambda: state(hass, away, "button").attributes["event_type"])
    await settled(hass)
    assert not ran
    knob.press()
    await until(lambda: ran)
    await settled(hass)
    assert len(ran) == 1


type Case = tuple[Callable[[], Node], str, dict[str, Any], Callable[[Any], object]]

TURN: Case = (Knob, "turned", {"direction": "clockwise"}, lambda knob: knob.turn(30, steps=1))
OPENING: Case = (LockS2, "opened", {"method": ["finger"]}, lambda lock: lock.finger(3))
SWITCH: Case = (Plug, "switched_by", {}, Plug.press)


@pytest.mark.parametrize(
    ("make", "name", "options", "do", "absence"),
    [
        *[(*TURN, absence) for absence in (silence, loss, restart)],
        *[(*OPENING, absence) for absence in (silence, loss, restart)],
        *[
            (*SWITCH, absence) for absence in (loss, restart, leaving)
        ],  # it answers when it is silent
    ],
)
async def test_events_after_an_absence(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    entry: MockConfigEntry,
    make: Callable[[], Node],
    name: str,
    options: dict[str, Any],
    do: Callable[[Any], object],
    absence: Absence,
) -> None:
    """A return runs no automation; the event that ends the absence does."""
    node = make()
    device = await join(home, gateway, node)
    target = {"device_id": device_id(hass, entry, device)}

    async def known() -> None:
        """Wait for the state of a switch, which its change is seen by."""
        if name == "switched_by":
            await until(lambda: state(hass, device, "state").state in (STATE_ON, STATE_OFF))

    await known()
    ran = await listen(hass, {"trigger": f"{DOMAIN}.{name}", "target": target, "options": options})
    do(node)
    await until(lambda: len(ran) == 1)
    await settled(hass)
    await absence(hass, entry, home, device)
    await settled(hass)
    assert len(ran) == 1, "by a return"
    do(node)
    await until(lambda: len(ran) == 2)
    await settled(hass)
    assert len(ran) == 2


@pytest.mark.parametrize(("make", "channel"), [(Plug, 1), (Relay, 1), (Relay, 2)])
@pytest.mark.parametrize("absence", [None, loss, restart])
async def test_change_that_is_read_before_its_report(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
    make: type[Plug | Relay],
    channel: int,
    absence: Absence | None,
) -> None:
    """It runs for the report that has the cause, once; a read alone runs nothing."""
    monkeypatch.setattr(context, "LATE_CAUSE", timedelta(hours=1))  # the machine may be busy
    node = make()
    device = await join(home, gateway, node)
    key, cause = ("state", "change_cause")
    if isinstance(node, Relay):
        key, cause = f"{key}_l{channel}", f"{cause}_l{channel}"
        await until(lambda: len(node.movements) >= 4)  # it has opened both contacts after pairing
    node.press(channel)
    await until(lambda: device.state.get(cause) == "button")
    assert state(hass, device, key).state == STATE_ON
    ran = await listen(
        hass,
        *[
            {
                "trigger": f"{DOMAIN}.switched_by",
                "target": {"device_id": device_id(hass, entry, device)},
                "options": {"by": by, "to": to},
                "id": f"{by} {to}",
            }
            for by in ("button", "network", "power")
            for to in (STATE_ON, STATE_OFF)
        ],
        change="{{ trigger.entity_id, trigger.from_state.state, trigger.to_state.state }}",
    )
    node.on[channel - 1] = False  # its report is delayed
    if absence is None:
        await device.get((key,))
    else:
        device = await absence(hass, entry, home, device)
    await until(lambda: state(hass, device, key).state == STATE_OFF)
    await settled(hass)
    assert ran == []
    received: list[Update] = []
    device.subscribe(received.append)
    for number in (1, 2):  # the second one repeats it
        node.report_state(channel - 1, BY_HAND)
        await until(lambda: sum(cause in each.state for each in received) == number)  # noqa: B023
        await settled(hass)
    assert [call.data["by"] for call in ran] == ["button off"]
    assert list(ran[0].data["change"]) == [entity_id(hass, device, key), STATE_ON, STATE_OFF]


async def test_change_of_another_device_that_is_read_before_its_report(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only the automation of the device runs."""
    monkeypatch.setattr(context, "LATE_CAUSE", timedelta(hours=1))  # the machine may be busy
    plugs = [Plug(), Plug()]
    devices = [await join(home, gateway, plug) for plug in plugs]
    for plug, device in zip(plugs, devices, strict=True):
        plug.press()
        await until(lambda: device.state.get("change_cause") == "button")  # noqa: B023
    ran = await listen(
        hass,
        *[
            {
                "trigger": f"{DOMAIN}.switched_by",
                "target": {"device_id": device_id(hass, entry, device)},
                "id": device.ieee,
            }
            for device in devices
        ],
    )
    for plug, device in zip(plugs, devices, strict=True):
        plug.on[0] = False
        await device.get(("state",))
        plug.report_state(0, BY_HAND)
        await until(lambda: ran and ran[-1].data["by"] == device.ieee)  # noqa: B023
        await settled(hass)
    assert [call.data["by"] for call in ran] == [device.ieee for device in devices]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("turned", {"direction": "up"}),
        ("turned", {"amount": 0}),
        ("pressed", {"press": ["triple"]}),
        ("opened", {"side": "below"}),
        ("switched_by", {"by": ["ghost"]}),
        ("switched_by", {"to": "open"}),
        ("rang", {"loud": True}),
        ("sang", {}),
    ],
)
async def test_invalid_options_of_triggers(
    hass: HomeAssistant, gateway: Gateway, name: str, options: dict[str, Any]
) -> None:
    """Unknown options of a trigger are refused when the automation is saved."""
    config = {
        "platform": f"{DOMAIN}.{name}",
        "target": {"entity_id": ["event.x"]},
        "options": options,
    }
    with pytest.raises(probatio.Invalid):
        await async_validate_trigger_config(hass, [config])


OF_A_LOCK = {"opened", "attempt_failed", "tampered"}

OFFERED: dict[str, tuple[set[str], set[str]]] = {
    Knob.MODEL: ({"turned", "pressed"}, set()),
    LockS2.MODEL: ({*OF_A_LOCK, "rang"}, {"last_opened_by"}),
    Lock.MODEL: (OF_A_LOCK, {"last_opened_by"}),
    Plug.MODEL: ({"switched_by"}, {"last_switched_by"}),
    Relay.MODEL: ({"switched_by"}, {"last_switched_by"}),
}
"""Triggers and conditions of models; others with a button have *pressed*, the rest has none."""


def offered(definition: Definition) -> tuple[set[str], set[str]]:
    """The triggers and conditions of a model."""
    pressed = {"pressed"} if PressedTrigger._event in events_of(definition) else set()
    return OFFERED.get(definition.zigbee_model, (pressed, set[str]()))


@pytest.mark.parametrize("definition", DEFINITIONS.distinct(), ids=lambda each: each.model)
async def test_offered_by_target(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    entry: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
    definition: Definition,
) -> None:
    """The editor offers a device's own triggers and conditions, and no others of ours."""
    triggers, conditions = offered(definition)
    device = await join(home, gateway, SIMULATED[definition.zigbee_model]())
    assert await async_setup_component(hass, "automation", {})
    target = {"device_id": [device_id(hass, entry, device)]}
    client = await hass_ws_client()

    async def ours(command: str) -> set[str]:
        await client.send_json_auto_id({"type": command, "target": target})
        found: list[str] = (await client.receive_json())["result"]
        return {each.removeprefix(f"{DOMAIN}.") for each in found if each.startswith(DOMAIN)}

    assert await ours("get_triggers_for_target") == triggers
    assert await ours("get_conditions_for_target") == conditions


async def test_turns_are_found_by_a_feature(
    hass: HomeAssistant, home: Home, gateway: Gateway
) -> None:
    device = await join(home, gateway, Knob())
    features = {
        name: state(hass, device, name).attributes.get("supported_features")
        for name in ("button", "rotation", "rotation_step")
    }
    wanted = MediaPlayerEntityFeature.VOLUME_STEP
    assert features == {"button": TARGETED, "rotation": None, "rotation_step": wanted}


class OtherEnumeration(SensorEntity):
    """A sensor of no lock."""

    _attr_device_class = SensorDeviceClass.ENUM


class OtherEvent(EventEntity):
    """A button of no knob, or a doorbell of no lock."""

    def __init__(self, device_class: EventDeviceClass) -> None:
        self._attr_device_class = device_class
        self._attr_event_types = []


class OtherOutlet(SwitchEntity):
    """A plug that does not report what switched it."""

    _attr_device_class = SwitchDeviceClass.OUTLET


def test_the_feature_is_that_of_a_lock() -> None:
    """triggers.yaml and conditions.yaml give its name."""
    assert TARGETED == LockEntityFeature.OPEN


def fits(shown: State, wanted: dict[str, Any]) -> bool:
    """Whether a state fits a filter, as the frontend decides it: without integrations."""
    features = shown.attributes.get("supported_features", 0)
    return (
        "integration" not in wanted
        and shown.domain in wanted["domain"]
        and (
            "device_class" not in wanted
            or shown.attributes.get("device_class") in wanted["device_class"]
        )
        and any(each & features == each for each in wanted["supported_features"])
    )


@pytest.mark.parametrize("definition", DEFINITIONS.distinct(), ids=lambda each: each.model)
async def test_targets_are_found_without_their_integration(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    entry: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
    definition: Definition,
) -> None:
    """The editor counts a device's entities, and finds the people of a lock, without integrations."""
    device = await join(home, gateway, SIMULATED[definition.zigbee_model]())
    registry = er.async_get(hass)
    entities = er.async_entries_for_device(registry, device_id(hass, entry, device))
    states = [shown for each in entities if (shown := hass.states.get(each.entity_id))]
    others: list[Entity] = [
        OtherEnumeration(),
        OtherEvent(EventDeviceClass.BUTTON),
        OtherEvent(EventDeviceClass.DOORBELL),
        OtherOutlet(),
    ]
    for other, component in zip(others, ("sensor", "event", "event", "switch"), strict=True):
        other.entity_id = f"{component}.other_{other.device_class}"
        await hass.data[component].async_add_entities([other])
    foreign = [shown for other in others if (shown := hass.states.get(other.entity_id))]
    assert len(foreign) == len(others)
    assert await async_setup_component(hass, "automation", {})
    client = await hass_ws_client()
    for part, expected in zip(("trigger", "condition"), offered(definition), strict=True):
        await client.send_json_auto_id({"type": f"{part}_platforms/subscribe"})
        assert (await client.receive_json())["success"]
        described = (await client.receive_json())["event"]
        filters = {
            key.removeprefix(f"{DOMAIN}."): each["target"]["entity"]
            for key, each in described.items()
            if key.startswith(DOMAIN)
        }
        assert {
            name
            for name, (wanted,) in filters.items()
            if any(fits(shown, wanted) for shown in states)
        } == expected
        for name, (wanted,) in filters.items():
            assert not any(fits(shown, wanted) for shown in foreign), name
        target = {"entity_id": [each.entity_id for each in others]}
        await client.send_json_auto_id({"type": f"get_{part}s_for_target", "target": target})
        found = (await client.receive_json())["result"]
        assert not [each for each in found if each.startswith(DOMAIN)]


async def test_people_are_options(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry
) -> None:
    """The editor lists the options of *Last opened by*, so that people are picked by name."""
    lock = LockS2()
    device = await join(home, gateway, lock)

    def people() -> list[str]:
        found: list[str] = state(hass, device, "last_opened_by").attributes.get("options", [])
        return found

    assert people() == []
    await settings(hass, entry, device, users=[ADA, {"id": 12, "name": "bob"}])
    await until(lambda: people() == ["Ada", "bob"])
    lock.password(7)
    await until(lambda: state(hass, device, "last_opened_by").state == "#7")
    assert people() == ["#7", "Ada", "bob"]
    lock.finger(3)
    await until(lambda: state(hass, device, "last_opened_by").state == "Ada")
    assert people() == ["Ada", "bob"]


async def holds(hass: HomeAssistant, name: str, target: dict[str, Any], **options: Any) -> bool:
    """Whether a condition of ours passes."""
    config = {"condition": f"{DOMAIN}.{name}", "target": target, "options": options}
    checked = await async_validate_condition_config(hass, cv.CONDITION_SCHEMA(config))
    checker = await async_condition_from_config(hass, checked)
    return checker.async_check() is True


async def test_conditions(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry
) -> None:
    """The last user of a lock, and the last cause of a switch."""
    lock, plug = LockS2(), Plug()
    door, switch = await join(home, gateway, lock), await join(home, gateway, plug)
    await settings(hass, entry, door, users=[ADA])
    hass.states.async_set("person.ada", "home", {"friendly_name": "Ada"})
    target = {"device_id": device_id(hass, entry, door)}
    assert not await holds(hass, "last_opened_by", target, person=["Ada"])
    lock.finger(3)
    await until(lambda: state(hass, door, "last_opened_by").state == "Ada")
    assert await holds(hass, "last_opened_by", target, person=["Bob", "Ada"])
    assert await holds(hass, "last_opened_by", target, person=["person.ada"])
    assert not await holds(hass, "last_opened_by", target, person=["Bob"])

    target = {"entity_id": entity_id(hass, switch, "state")}
    plug.press()
    await until(lambda: switch.state.get("change_cause") == "button")
    await settled(hass)
    assert await holds(hass, "last_switched_by", target, by="button")
    assert not await holds(hass, "last_switched_by", target, by=["network", "power"])
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert not await holds(hass, "last_switched_by", target, by="button")


async def test_changes_without_a_cause(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry
) -> None:
    """An option of ours, another integration's switch and a removed one have no cause."""
    device = await join(home, gateway, Relay())
    interlock = entity_id(hass, device, "interlock")
    other = er.async_get(hass).async_get_or_create("switch", "other", "1").entity_id
    for switch in (interlock, other, "switch.gone"):
        hass.states.async_set(switch, STATE_ON)
        target = {"entity_id": switch}
        assert not await holds(hass, "last_switched_by", target, by=["button", "network", "power"])
        assert cause_of(hass, switch) is None
    assert switches_of(hass, {interlock, other, "switch.gone"}) == {interlock}


PAGE = (Path(__file__).parents[2] / "docs" / "automations.md").read_text()


@pytest.mark.parametrize("kind", ["triggers", "conditions"])
def test_everything_is_on_the_page(kind: str) -> None:
    """docs/automations.md lists each trigger and condition, with all fields and options."""
    package = Path(trigger.__file__).parent
    described: dict[str, Any] = dict(parse_yaml((package / f"{kind}.yaml").read_text()))  # type: ignore[arg-type]
    for name, content in described.items():
        if name.startswith("."):
            continue
        assert f"`{DOMAIN}.{name}`" in PAGE
        for field, about in content.get("fields", {}).items():
            assert f"`{field}`" in PAGE
            for word in about["selector"].get("select", {}).get("options", []):
                assert f"`{word}`" in PAGE


async def test_the_page_s_example(hass: HomeAssistant, gateway: Gateway) -> None:
    """The automations of docs/automations.md are taken as they stand there."""
    (example,) = [part.partition("```")[0] for part in PAGE.split("```yaml\n")[1:]]
    assert await async_setup_component(hass, "automation", {"automation": parse_yaml(example)})
    await hass.async_block_till_done()
    assert [each.state for each in hass.states.async_all("automation")] == [STATE_ON] * 3
