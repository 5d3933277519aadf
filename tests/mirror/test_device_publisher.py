"""The messages of one device: every property, every action, every option."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from custom_components.aqara_zigbee.core import zcl
from custom_components.aqara_zigbee.core.devices.lumi_lock import ACTIONS
from custom_components.aqara_zigbee.core.events import ActionFired, Update
from custom_components.aqara_zigbee.core.models import DEFINITIONS
from custom_components.aqara_zigbee.core.property import Binary, Shown
from custom_components.aqara_zigbee.mirror.payload import dump
from custom_components.aqara_zigbee.mirror.settings import options_of
from tests.mirror.stage import IEEE, OFF, ON, Stage

POWER = ("187c0a550039b4721242", 0x0C, 2)
NOTHING = ("18850a00001801", 0x0406)
LOCKED = ("1c5f11150af6ff421014010201110000000000000000000000", 0x0101)
OPENED_BY_5 = ("1c5f11290a10ff420e1001020120000500000000000000", 0x0101)
TURNED = (
    (
        "1c5f116b0a2c0221c8002e02390000404130023900004041310223c8000000320239555555403302395555554038"
        "02200c3a022001"
    ),
    0xFCC0,
    71,
)
PRESSED = ("18670a5500210100", 0x12)


def actions() -> list[Any]:
    """Return all actions of the S2 lock with their data, in Home Assistant's terms and MQTT's."""
    details: dict[str, tuple[dict[str, Any], str, dict[str, Any]]] = {
        "finger_open": (
            {"action_role": "admin", "action_user": 1, "action_method": "finger"},
            "finger_open_admin_id1",
            {"action_user": 1},
        ),
        "password_open": (
            {"action_role": "user", "action_user": 18, "action_user_name": "Ann"},
            "password_open_user_id18",
            {"action_user": 18},
        ),
        "finger_not_match": ({"action_repeat": 2}, "finger_not_match", {"action_repeat": 2}),
        "password_not_match": ({"action_repeat": 3}, "password_not_match", {"action_repeat": 3}),
        "ring_bell": ({"action_repeat": None}, "ring_bell", {"action_repeat": None}),
        "finger_add": ({"action_user": 3}, "finger_add", {"action_user": 3}),
        "finger_delete": ({"action_user": 3}, "finger_delete", {"action_user": 3}),
        "password_add": ({"action_user": 3}, "password_add", {"action_user": 3}),
        "password_delete": ({"action_user": 255}, "password_delete", {"action_user": 255}),
        "change_language_to": (
            {"action_language": "english"},
            "change_language_to_english",
            {},
        ),
    }
    return [pytest.param(word, *details.get(word, ({}, word, {})), id=word) for word in ACTIONS]


@pytest.mark.parametrize(("word", "details", "spelled", "published"), actions())
def test_all_seventeen_actions_of_a_lock(
    lock: Stage, word: str, details: dict[str, Any], spelled: str, published: dict[str, Any]
) -> None:
    tell(lock, Update(action=ActionFired(word, details, {"action_user": 99})))
    assert lock.states() == [{"action": spelled, **published}]
    assert [message.payload for message in lock.said("device/action")] == [spelled]
    assert not any(message.retain for message in lock.broker.messages)


def tell(stage: Stage, update: Update) -> None:
    """Send an update of a device without a frame."""
    stage.gateway[IEEE]._notify(update)


@pytest.mark.parametrize(
    ("model", "name"),
    [
        pytest.param(definition.zigbee_model, row.name, id=f"{definition.model}-{row.name}")
        for definition in DEFINITIONS.values()
        for row in definition.properties
        if row.name not in ("action", "linkquality")
    ],
)
def test_every_property(stage: Stage, model: str, name: str) -> None:
    """A property is published exactly if its row has this."""
    row = stage.add(model).definition[name]  # type: ignore[index]
    stage.begin()
    value = True if isinstance(row, Binary) else 1
    tell(stage, Update({name: value}))
    said = (row.on if value else row.off) if isinstance(row, Binary) else 1
    assert stage.states() == ([{name: said}] if Shown.PAYLOAD in row.shown else [])


@pytest.mark.parametrize("legacy", [True, False])
def test_older_keys(make: Callable[..., Stage], legacy: bool) -> None:
    """They stay until a status removes them (protocol 1.4)."""
    stage = make()
    stage.add("lumi.lock.acn02", legacy=legacy)
    stage.begin()
    stage.receive(*OPENED_BY_5)
    older = {"user": 5} if legacy else {}
    assert stage.states() == [{"action": "finger_open_user_id5", "action_user": 5, **older}]
    stage.forget()
    stage.receive("18400a35001801", 0x0001)
    assert stage.states() == [{"battery_low": True, **older}]
    stage.forget()
    stage.receive(*LOCKED)
    assert stage.states() == [
        {"action": "locked", "battery_low": True, "reverse": "UNLOCK", "state": "LOCK"}
    ]


async def test_older_keys_are_removed_with_the_option(lock: Stage) -> None:
    lock.receive(*OPENED_BY_5)
    lock.forget()
    await lock.gateway[IEEE].configure({"legacy": False})
    lock.receive("18400a35001801", 0x0001)
    assert lock.states() == [{"battery_low": True}]


async def test_older_keys_are_those_of_the_last_event_when_they_are_wanted_again(
    make: Callable[..., Stage],
) -> None:
    """The core knows them all the time; a status wipes them out though no message carries them."""
    memory: dict[str, Any] = {}
    for frame, older in ((OPENED_BY_5, {"user": 5}), (LOCKED, {})):
        stage = make(memory=memory)
        device = stage.add("lumi.lock.acn02")
        await device.configure({"legacy": False})
        stage.begin()
        stage.receive(*frame)
        assert all("user" not in state for state in stage.states())
        memory = stage.gateway.as_dict()
        again = make(memory=memory)
        await again.add("lumi.lock.acn02").configure({"legacy": None})
        again.begin()
        again.receive("18400a35001801", 0x0001)
        state = again.states()[-1]
        assert {name: state[name] for name in ("user", "repeat") if name in state} == older


def test_whole_state_sorted_with_link_quality(plug: Stage) -> None:
    plug.receive(ON, 6)
    plug.receive(*POWER)
    assert [message.payload for message in plug.said("device")] == [
        '{"linkquality":88,"state":"ON"}',
        '{"linkquality":88,"power":36.61,"state":"ON"}',
    ]
    assert {(message.qos, message.retain) for message in plug.said("device")} == {(0, False)}


def test_link_quality_is_remembered_while_it_runs(plug: Stage) -> None:
    plug.receive(ON, 6)
    plug.receive(OFF, 6, link=None)
    assert plug.said("device")[-1].content == {"linkquality": 88, "state": "OFF"}


def test_frames_without_values_are_not_published(plug: Stage) -> None:
    plug.receive(*NOTHING)
    plug.gateway.received(IEEE, None, 90, plug.clock.now())
    tell(plug, Update(options=True))
    assert plug.said("device") == []


def test_an_action_is_published_once(knob: Stage) -> None:
    knob.receive(*TURNED)
    knob.receive(*PRESSED)
    knob.receive("1c5f1173010900002000", 0xFCC0)
    first, second, third = knob.states()
    assert first["action"] == "start_rotating"
    assert first["action_rotation_angle"] == 12
    assert dump(first["action_rotation_angle"]) == "12"
    assert first["action_rotation_button_state"] == "released"
    assert not first.keys() & {"action_pressed", "action_direction"}
    assert second == {"action": "single"}
    assert third == {"operation_mode": "command"}
    assert [message.payload for message in knob.said("device/action")] == [
        "start_rotating",
        "single",
    ]


def test_empty_action_afterwards(make: Callable[..., Stage]) -> None:
    stage = make(action_reset=True)
    stage.add("lumi.remote.rkba01")
    stage.begin()
    stage.receive(*TURNED)
    states = stage.states()
    assert states[0]["action"] == "start_rotating"
    assert states[1:] == [{"action": ""}]
    assert [m.topic for m in stage.broker.messages] == [
        "zigbee2mqtt/device",
        "zigbee2mqtt/device",
        "zigbee2mqtt/device/action",
    ]


def test_no_action_topic(make: Callable[..., Stage]) -> None:
    stage = make(action_topic=False)
    stage.add("lumi.remote.rkba01")
    stage.begin()
    stage.receive(*PRESSED)
    assert [m.topic for m in stage.broker.messages] == ["zigbee2mqtt/device"]


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("ISO_8601", "2026-11-20T12:00:00.000Z"),
        ("ISO_8601_local", "2026-11-20T13:00:00+01:00"),
        ("epoch", 1795176000000),
    ],
)
def test_last_seen(make: Callable[..., Stage], form: str, expected: object) -> None:
    """With it, frames without values are published, too (protocol 6.2)."""
    stage = make(last_seen=form)
    stage.add("lumi.plug")
    stage.begin()
    stage.clock.time -= timedelta(seconds=6)
    stage.receive(ON, 6)
    stage.receive(*NOTHING)
    assert stage.states() == [{"last_seen": expected, "state": "ON"}] * 2
    tell(stage, Update(options=True))
    assert len(stage.states()) == 2


def test_elapsed(make: Callable[..., Stage]) -> None:
    stage = make(elapsed=True)
    stage.add("lumi.plug")
    stage.begin()
    stage.receive(ON, 6)
    stage.clock.pass_(1.25)
    stage.receive(OFF, 6)
    tell(stage, Update({"state": True}, believed=True))
    assert stage.states() == [{"state": "ON"}, {"elapsed": 1250, "state": "OFF"}, {"state": "ON"}]


def test_only_what_is_new(make: Callable[..., Stage]) -> None:
    stage = make(cache_state=False)
    stage.add("lumi.plug").state["energy"] = 3
    stage.begin()
    stage.receive(ON, 6)
    stage.receive(*POWER)
    assert stage.states() == [{"state": "ON"}, {"power": 36.61}]


def test_description_in_messages(make: Callable[..., Stage]) -> None:
    stage = make(include_device=True)
    stage.add("lumi.plug").about.software_build_id = "22"
    stage.begin()
    stage.receive(ON, 6)
    assert stage.states()[0]["device"] == {
        "friendlyName": "device",
        "ieeeAddr": "0x00158d0001a1b2c4",
        "manufacturerName": "LUMI",
        "model": "ZNCZ02LM",
        "networkAddress": 0x1234,
        "powerSource": "Mains (single phase)",
        "softwareBuildID": "22",
        "type": "Router",
    }


def with_options(make: Callable[..., Stage], model: str = "lumi.plug", **options: Any) -> Stage:
    """Return a stage with a device that has options."""
    stage = make()
    stage.add(model, **options)
    stage.begin()
    return stage


def test_filtered_attributes(make: Callable[..., Stage]) -> None:
    stage = with_options(make, filtered_attributes=["linkq.*", "power"])
    stage.receive(*POWER)
    assert stage.broker.messages == []
    stage.receive(ON, 6)
    assert stage.said("device")[0].content == {"state": "ON"}


def test_filtered_action(make: Callable[..., Stage]) -> None:
    stage = with_options(make, "lumi.remote.rkba01", filtered_attributes=["action.*"])
    stage.receive(*PRESSED)
    assert [m.content for m in stage.broker.messages] == [{"linkquality": 88}]


def test_filtered_cache(make: Callable[..., Stage]) -> None:
    stage = with_options(make, filtered_cache=["power"])
    stage.receive(*POWER)
    stage.receive(ON, 6)
    assert stage.states() == [{"power": 36.61}, {"state": "ON"}]


async def test_only_reported_values_are_published(make: Callable[..., Stage]) -> None:
    stage = with_options(make, optimistic=False)
    stage.receive(OFF, 6)
    stage.forget()
    await stage.ask("device/set", {"state": "ON"})
    assert stage.states() == []
    stage.receive(*POWER)
    assert stage.states() == [{"power": 36.61, "state": "OFF"}]
    stage.receive(ON, 6)
    assert stage.states()[-1] == {"power": 36.61, "state": "ON"}


async def test_filtered_optimistic(make: Callable[..., Stage]) -> None:
    stage = with_options(make, "lumi.relay.c2acn01", filtered_optimistic=["state_l1"])
    await stage.ask("device/set", {"state_l1": "ON", "state_l2": "ON"})
    assert stage.states() == [{"state_l2": "ON"}]


def test_quality_of_service(make: Callable[..., Stage]) -> None:
    stage = with_options(make, "lumi.remote.rkba01", qos=2)
    stage.receive(*PRESSED)
    assert {message.qos for message in stage.broker.messages} == {2}


def test_retained_states_have_no_action(make: Callable[..., Stage]) -> None:
    stage = with_options(make, "lumi.lock.acn02", retain=True)
    stage.receive("18400a35001801", 0x0001)
    stage.receive(*LOCKED)
    battery, action, status = stage.said("device")
    assert battery.retain
    assert action.content["action"] == "locked"
    assert not action.retain
    assert status.retain
    assert status.content == {
        "battery_low": True,
        "linkquality": 88,
        "reverse": "UNLOCK",
        "state": "LOCK",
    }


def test_debounce(make: Callable[..., Stage]) -> None:
    stage = with_options(make, debounce=2)
    stage.receive(ON, 6)
    stage.clock.pass_(1.5)
    stage.receive(*POWER)
    stage.clock.pass_(1.5)
    assert stage.states() == []
    stage.clock.pass_(0.5)
    assert stage.states() == [{"power": 36.61, "state": "ON"}]


def test_debounce_drops_no_guarded_value(make: Callable[..., Stage]) -> None:
    stage = with_options(make, debounce=2, debounce_ignore=["state"])
    stage.receive(ON, 6)
    stage.receive(OFF, 6)
    assert stage.states() == [{"state": "ON"}]
    stage.clock.pass_(2)
    assert stage.states()[1:] == [{"state": "OFF"}]


def test_debounce_drops_no_action(make: Callable[..., Stage]) -> None:
    stage = with_options(make, "lumi.remote.rkba01", debounce=1)
    stage.receive(*PRESSED)
    stage.receive("18690a550021ff00", 0x12)
    stage.clock.pass_(1)
    assert [state["action"] for state in stage.states()] == ["single", "release"]


async def test_a_wish_is_not_debounced(make: Callable[..., Stage]) -> None:
    stage = with_options(make, debounce=1)
    stage.receive(*POWER)
    await stage.ask("device/set", "ON")
    assert stage.states() == [{"power": 36.61}, {"power": 36.61, "state": "ON"}]


def test_throttle(make: Callable[..., Stage]) -> None:
    stage = with_options(make, throttle=10)
    stage.receive(ON, 6)
    stage.receive(*POWER)
    stage.clock.pass_(4)
    stage.receive(OFF, 6)
    assert stage.states() == [{"state": "ON"}]
    stage.clock.pass_(6)
    assert stage.states()[1:] == [{"power": 36.61, "state": "OFF"}]
    stage.clock.pass_(60)
    assert len(stage.states()) == 2


def test_throttle_does_not_delay_actions(make: Callable[..., Stage]) -> None:
    stage = with_options(make, "lumi.lock.acn02", throttle=10)
    stage.receive("18400a35001801", 0x0001)
    stage.receive("18400a35001800", 0x0001)
    stage.receive(*LOCKED)
    assert [state.get("action") for state in stage.states()] == [None, None, "locked"]


def test_contacts_as_actions(make: Callable[..., Stage]) -> None:
    stage = with_options(make, "lumi.relay.c2acn01", state_action=True)
    stage.receive(ON, 6)
    stage.receive(ON, 6)
    stage.receive(OFF, 6)
    stage.receive("18880a00001001", 6, endpoint=2)
    stage.receive("18880a00001000", 6, endpoint=2)
    assert [message.payload for message in stage.said("device/action")] == ["off_l1", "off_l2"]


def test_two_contacts_in_one_frame(make: Callable[..., Stage]) -> None:
    stage = with_options(make, "lumi.relay.c2acn01", state_action=True)
    tell(stage, Update({"state_l1": False, "state_l2": True}))
    tell(stage, Update({"state_l1": True, "state_l2": False}))
    assert [message.payload for message in stage.said("device/action")] == ["on_l1", "off_l2"]
    assert [state.get("action") for state in stage.states()] == [None, "on_l1", "off_l2"]


def test_contact_as_action_of_a_plug(make: Callable[..., Stage]) -> None:
    stage = with_options(make, state_action=True)
    stage.receive(ON, 6)
    stage.receive(OFF, 6)
    assert [message.payload for message in stage.said("device/action")] == ["off"]


def test_invalid_options_are_ignored(make: Callable[..., Stage]) -> None:
    stage = with_options(make, qos=7, debounce="x", filtered_attributes=["("])
    stage.receive(ON, 6)
    assert stage.states() == [{"state": "ON"}]


def test_an_unknown_model_is_not_published(stage: Stage) -> None:
    stage.add("lumi.unknown")
    stage.begin()
    stage.receive(ON, 6)
    assert stage.broker.messages == []


def test_a_read_response_is_published_like_a_report(relay: Stage) -> None:
    """A relay answers a read of its interlock."""
    report = zcl.Report(1, 0x10, (zcl.Record(0xFF06, 0x10, 1),), is_answer=True)
    relay.gateway.received(IEEE, report, 88, relay.clock.now())
    assert relay.states() == [{"interlock": True}]


@pytest.mark.parametrize("value", [None, "much", [1], {"a": 1}, {"of": 1}], ids=repr)
async def test_damaged_options_are_as_if_they_were_not_there(
    make: Callable[..., Stage], value: Any
) -> None:
    """Of any owner; Zigbee2MQTT's clients get none of them."""
    stage = make()
    names = (
        "retain",
        "qos",
        "debounce",
        "filtered_cache",
        "legacy",
        "disabled",
        "icon",
        "description",
    )
    others = ("other_options", "friendly_name", "power_calibration", "availability", "tallies")
    stage.add("lumi.plug", **dict.fromkeys((*names, *others), value))
    stage.begin()
    stage.receive(*POWER)
    (message,) = stage.said("device")
    assert (message.content["power"], message.qos, message.retain) == (36.61, 0, False)
    known = {"icon", "description"} if isinstance(value, str) else set()
    device = stage.gateway[IEEE]
    assert options_of(device).keys() <= known | ({"a", "of"} if isinstance(value, dict) else set())
