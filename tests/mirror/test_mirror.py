"""The mirror's connection: start, retained messages, other bridges, events of the network."""

from collections.abc import Callable
import json
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from custom_components.aqara_zigbee.core.radio import Node
from custom_components.aqara_zigbee.core.zcl import Command
from custom_components.aqara_zigbee.mirror.bridge import retained_topics
from custom_components.aqara_zigbee.mirror.mirror import (
    HEALTH_SECONDS,
    MOST_KEPT,
    PATIENCE_SECONDS,
    Mirror,
    Phase,
)
from custom_components.aqara_zigbee.mirror.settings import Settings
from tests.mirror.stage import ADDRESS, IEEE, OFF, ON, OTHER, Message, Stage, member

ONLINE, OFFLINE = '{"state":"online"}', '{"state":"offline"}'
THEIR_INFO = '{"version":"2.14.1","commit":"abc","coordinator":{"ieee_address":"0x1"}}'


def speak(stage: Stage) -> None:
    """Start the mirror and keep its first messages."""
    stage.mirror.start()
    stage.mirror.connected()
    stage.clock.pass_(1)


def phase(stage: Stage) -> Phase:
    """Return the mirror's phase."""
    return stage.mirror.phase


def test_nothing_is_published_before_retained_messages_arrived(stage: Stage) -> None:
    stage.add("lumi.plug")
    stage.mirror.start()
    stage.receive(ON, 6)
    stage.mirror.connected()
    stage.clock.pass_(0.9)
    assert stage.broker.messages == []
    assert phase(stage) is Phase.LISTENING
    stage.clock.pass_(0.1)
    assert phase(stage) is Phase.PUBLISHING
    assert stage.broker.messages[0] == Message("zigbee2mqtt/bridge/state", ONLINE, 1, retain=True)


def test_messages_at_the_start(stage: Stage) -> None:
    stage.add("lumi.plug").state |= {"state": True, "linkquality": 5}
    speak(stage)
    assert [(m.topic, m.retain) for m in stage.broker.messages] == [
        ("zigbee2mqtt/bridge/state", True),
        ("zigbee2mqtt/bridge/info", True),
        ("zigbee2mqtt/bridge/devices", True),
        ("zigbee2mqtt/bridge/groups", True),
        ("zigbee2mqtt/bridge/definitions", True),
        ("zigbee2mqtt/bridge/extensions", True),
        ("zigbee2mqtt/bridge/converters", True),
        ("zigbee2mqtt/device/availability", True),
        ("zigbee2mqtt/device", False),
        ("zigbee2mqtt/bridge/health", True),
    ]
    # Link quality is that of the last frame, and there was none yet (protocol 6.2).
    assert stage.said("device")[0].payload == '{"state":"ON"}'
    assert stage.said("bridge/groups")[0].payload == "[]"


def test_a_device_without_a_state_is_not_published(stage: Stage) -> None:
    stage.add("lumi.plug").state["linkquality"] = 5
    speak(stage)
    assert stage.said("device") == []


def test_without_cache_no_old_states_are_published(make: Callable[..., Stage]) -> None:
    stage = make(cache_state=False)
    stage.add("lumi.plug").state["state"] = True
    speak(stage)
    assert stage.said("device") == []


def test_stop(plug: Stage) -> None:
    plug.mirror.stop()
    assert plug.broker.messages == [
        Message("zigbee2mqtt/bridge/state", OFFLINE, qos=1, retain=True)
    ]
    plug.receive(ON, 6)
    assert len(plug.broker.messages) == 1
    assert plug.clock.is_idle


def test_stop_with_clearing(plug: Stage) -> None:
    """All retained messages are cleared."""
    retained = set(retained_topics("zigbee2mqtt", ["device"]))
    plug.mirror.stop(withdraw=True)
    assert {m.topic for m in plug.broker.messages if not m.payload and m.retain} == retained
    assert "zigbee2mqtt/device/availability" in retained


def test_every_retained_message_is_cleared(make: Callable[..., Stage]) -> None:
    """Every topic with a retained message is known and cleared."""
    stage = make(action_reset=True)
    stage.add("lumi.lock.acn02", retain=True)
    speak(stage)
    stage.receive("1c5f11150af6ff421014010201110000000000000000000000", 0x0101)
    retained = {m.topic for m in stage.broker.messages if m.retain}
    assert retained <= set(retained_topics("zigbee2mqtt", ["device"]))


# Lost connections to the broker


def test_broker_lost_and_connected_again(stage: Stage) -> None:
    """Retained documents are published again; states only if they are retained."""
    stage.add("lumi.plug", "one", retain=True).state["state"] = True
    stage.add("lumi.plug", "two", OTHER).state["state"] = True
    stage.begin()
    stage.mirror.disconnected()
    assert phase(stage) is Phase.SILENT
    stage.receive(OFF, 6)
    assert stage.broker.messages == []
    stage.mirror.connected()
    stage.mirror.connected()
    stage.clock.pass_(1)
    assert stage.said("bridge/state")[0].payload == ONLINE
    assert stage.said("bridge/devices")
    assert stage.states("one") == [{"state": "OFF"}]
    assert stage.states("two") == []


def test_timers_end_with_the_connection(make: Callable[..., Stage]) -> None:
    stage = make()
    stage.add("lumi.plug", debounce=5)
    stage.begin()
    stage.receive(ON, 6)
    stage.mirror.disconnected()
    stage.clock.pass_(10)
    assert stage.broker.messages == []


async def test_commands_wait_until_publishing_starts(stage: Stage) -> None:
    """Commands before its start are for another program."""
    stage.add("lumi.plug")
    stage.mirror.start()
    stage.send("device/set", "ON")
    stage.mirror.connected()
    for _ in range(MOST_KEPT + 5):
        stage.send("bridge/request/health_check")
        stage.send("device/set", "ON")
    stage.send("nobody/set", "ON")
    stage.send("device/set", "OFF")
    await stage.settle()
    assert stage.radio.sent == []
    assert stage.broker.messages == []
    stage.clock.pass_(1)
    await stage.settle()
    assert [request.payload for request in stage.radio.sent if isinstance(request, Command)] == [
        b""
    ]
    assert stage.states()[-1] == {"state": "OFF"}
    assert len(stage.said("bridge/response/health_check")) == MOST_KEPT
    assert {
        "Entity 'nobody' is unknown",
        f"More than {MOST_KEPT} requests before the start, skipping...",
    } < set(stage.errors)

    stage.mirror.disconnected()
    stage.mirror.connected()
    stage.send("device/set", "ON")
    stage.mirror.disconnected()
    stage.mirror.connected()
    stage.clock.pass_(1)
    await stage.settle()
    assert len(stage.radio.sent) == 1, "the broker was lost meanwhile"


@pytest.mark.parametrize("is_late", [True, False])
def test_retained_commands_are_logged_once_publishing_starts(
    stage: Stage, caplog: pytest.LogCaptureFixture, is_late: bool
) -> None:
    """Brokers send them right after the subscription, when publishing is not allowed."""
    stage.add("lumi.plug")
    stage.mirror.start()
    if is_late:
        stage.mirror.connected()
    stage.send("device/set", "TOGGLE", retained=True)
    stage.send("bridge/request/restart", retained=True)
    stage.send("device/set", "TOGGLE", retained=True)
    stage.mirror.connected()
    assert stage.broker.messages == []
    stage.clock.pass_(1)
    assert stage.logged("warning") == [
        "Ignoring retained message on 'zigbee2mqtt/device/set'",
        "Ignoring retained message on 'zigbee2mqtt/bridge/request/restart'",
    ]
    assert caplog.text.count("Publish an empty retained message to clear them") == 1
    assert "zigbee2mqtt/bridge/request/restart" in caplog.text
    stage.mirror.disconnected()
    stage.mirror.connected()
    stage.clock.pass_(1)
    assert caplog.text.count("Publish an empty") == 1


# Other bridges


def their_mirror(identity: str) -> str:
    """Return the ``bridge/info`` of another mirror of this integration."""
    return json.dumps({"version": "2.14.1", "mirror": {"by": "aqara_zigbee", "id": identity}})


@pytest.mark.parametrize(
    ("identity", "speaks"), [("zzz", True), ("aaa", False), ("", False)], ids=repr
)
def test_one_of_two_mirrors_that_start_together_publishes(
    plug: Stage, identity: str, speaks: bool
) -> None:
    """Neither received the other's message before, so both published; exactly one has to stop."""
    plug.send("bridge/state", ONLINE)
    plug.send("bridge/info", their_mirror(identity))
    assert plug.house.foreign is not speaks
    assert (phase(plug) is Phase.PUBLISHING) is speaks
    plug.clock.pass_(2)
    said = [m.topic.removeprefix("zigbee2mqtt/bridge/") for m in plug.broker.messages]
    assert ("info" in said, "devices" in said, "state" in said) == (speaks,) * 3
    assert plug.house.foreign is not speaks


def test_a_new_mirror_stops_for_a_running_one(stage: Stage) -> None:
    """Also one with a smaller id."""
    stage.mirror.start()
    stage.send("bridge/state", ONLINE, retained=True)
    stage.send("bridge/info", their_mirror("zzz"), retained=True)
    stage.mirror.connected()
    stage.clock.pass_(1)
    assert phase(stage) is Phase.LISTENING
    (question,) = stage.broker.messages
    assert question.topic == "zigbee2mqtt/bridge/request/health_check"


@pytest.mark.parametrize("payload", ["[]", "{", '{"mirror":5}', "1e400"])
def test_stops_for_other_bridges(plug: Stage, payload: str) -> None:
    plug.send("bridge/info", payload)
    assert phase(plug) is Phase.REFUSED


def listen(stage: Stage, *, lives: bool = True, **retained: str) -> None:
    """Connect the mirror to a broker with retained messages of a bridge.

    Args:
        stage: the stage.
        lives: whether that bridge answers health checks.
        retained: retained payloads by topic of the bridge.
    """
    stage.mirror.connected()
    for name, payload in retained.items():
        stage.send(f"bridge/{name}", payload, retained=True)
    stage.clock.pass_(1)
    answer(stage, lives=lives)


def answer(stage: Stage, *, lives: bool) -> None:
    """Let another bridge answer the mirror's health check, if both are there."""
    topic = "bridge/request/health_check"
    for question in stage.said(topic):
        stage.broker.messages.remove(question)
        stage.send(topic, question.payload)
        if lives:
            response = {"data": {"healthy": True}, "status": "ok", **question.content}
            stage.send("bridge/response/health_check", response)
        stage.clock.pass_(5)


@pytest.mark.parametrize("state", [ONLINE, "online"])
async def test_no_messages_while_another_bridge_is_online(stage: Stage, state: str) -> None:
    stage.add("lumi.plug")
    stage.mirror.start()
    listen(stage, info=THEIR_INFO, state=state)
    assert phase(stage) is Phase.REFUSED
    assert stage.house.foreign is True
    stage.receive(ON, 6)
    stage.send("device/set", "OFF")
    await stage.settle()
    stage.mirror.stop(withdraw=True)
    assert stage.broker.messages == []
    assert stage.radio.sent == []


@pytest.mark.parametrize(
    "retained",
    [
        {"info": THEIR_INFO, "state": OFFLINE},
        {"info": THEIR_INFO},
        {"state": OFFLINE},
        {"state": "nonsense"},
        {"state": ""},
        {},
    ],
)
def test_an_offline_bridge_is_replaced(stage: Stage, retained: dict[str, Any]) -> None:
    """Also with the same coordinator that Zigbee2MQTT used."""
    stage.mirror.start()
    listen(stage, **retained)
    assert phase(stage) is Phase.PUBLISHING
    assert stage.house.foreign is False


def test_an_online_message_alone_is_another_bridges(stage: Stage) -> None:
    stage.mirror.start()
    listen(stage, state=ONLINE)
    assert phase(stage) is Phase.REFUSED


def test_retained_messages_after_a_crash_are_our_own(make: Callable[..., Stage]) -> None:
    """Home Assistant has no last will for the mirror, so ``online`` stays retained."""
    stage = make()
    speak(stage)
    info = stage.said("bridge/info")[-1].payload
    again = make()
    again.mirror.start()
    listen(again, info=info, state=ONLINE)
    assert phase(again) is Phase.PUBLISHING


def test_another_mirror_is_another_bridge(make: Callable[..., Stage]) -> None:
    stage = make()
    speak(stage)
    info = stage.said("bridge/info")[-1].payload
    other = make()
    other.mirror = Mirror(
        other.gateway,
        other.settings,
        "other",
        broker=other.broker,
        clock=other.clock,
        house=other.house,
    )
    other.mirror.start()
    listen(other, info=info, state=ONLINE)
    assert phase(other) is Phase.REFUSED


def test_a_bridge_that_ended_without_a_last_will_is_replaced(stage: Stage) -> None:
    """It stays online for the broker, but does not answer."""
    stage.mirror.start()
    listen(stage, info=THEIR_INFO, state=ONLINE, lives=False)
    assert phase(stage) is Phase.PUBLISHING
    assert stage.errors == []
    assert stage.said("bridge/response/health_check") == []


def test_responses_to_others_are_ignored(plug: Stage) -> None:
    plug.send("bridge/response/health_check", {"data": {"healthy": True}, "status": "ok"})
    assert phase(plug) is Phase.PUBLISHING


def test_own_messages_are_not_another_bridges(stage: Stage) -> None:
    stage.add("lumi.plug")
    speak(stage)
    for message in tuple(stage.broker.messages):
        stage.mirror.received(message.topic, message.payload.encode(), retained=False)
    assert phase(stage) is Phase.PUBLISHING
    stage.forget()
    stage.send("bridge/info", "")
    assert stage.broker.messages == []


def test_stops_for_a_bridge_that_starts_later(plug: Stage) -> None:
    plug.send("bridge/state", ONLINE)
    assert phase(plug) is Phase.PUBLISHING
    plug.send("bridge/info", THEIR_INFO)
    assert phase(plug) is Phase.REFUSED
    assert plug.house.foreign is True
    plug.receive(ON, 6)
    assert plug.broker.messages == []


def test_a_bridge_that_is_offline_for_long_is_replaced(plug: Stage) -> None:
    plug.send("bridge/info", THEIR_INFO)
    plug.send("bridge/state", ONLINE)
    plug.send("bridge/state", OFFLINE)
    plug.clock.pass_(PATIENCE_SECONDS - 1)
    plug.send("bridge/state", ONLINE)
    plug.clock.pass_(PATIENCE_SECONDS)
    assert phase(plug) is Phase.REFUSED
    answer(plug, lives=True)
    assert phase(plug) is Phase.REFUSED
    plug.send("bridge/state", OFFLINE)
    plug.clock.pass_(PATIENCE_SECONDS)
    answer(plug, lives=False)
    assert phase(plug) is Phase.PUBLISHING
    assert plug.house.foreign is False
    assert plug.said("bridge/state")[0].payload == ONLINE


def test_the_last_will_of_an_old_bridge_is_corrected(plug: Stage) -> None:
    for _ in range(10):
        plug.send("bridge/state", OFFLINE)
    plug.clock.pass_(5)
    assert [m.payload for m in plug.said("bridge/state")] == [ONLINE]


def test_other_bridges_are_detected_at_each_connection(plug: Stage) -> None:
    plug.mirror.disconnected()
    listen(plug, info=THEIR_INFO, state=ONLINE)
    assert phase(plug) is Phase.REFUSED
    plug.mirror.disconnected()
    listen(plug)
    assert phase(plug) is Phase.PUBLISHING


# Events of the network


def events(stage: Stage) -> list[tuple[str, Any]]:
    """Return types and statuses of messages on ``bridge/event``."""
    found = [m.content for m in stage.said("bridge/event")]
    return [(event["type"], event["data"].get("status")) for event in found]


def test_a_device_joins(stage: Stage) -> None:
    stage.begin()
    stage.gateway.joined(member("", complete=False), stage.clock.now())
    assert stage.said("bridge/event")[0].content == {
        "type": "device_joined",
        "data": {"friendly_name": ADDRESS, "ieee_address": ADDRESS},
    }
    stage.clock.pass_(2)
    entry = stage.said("bridge/devices")[-1].content[1]
    assert (entry["interviewing"], entry["interview_completed"]) == (True, False)
    assert (entry["supported"], entry["definition"]) == (False, None)

    stage.house.names[IEEE] = "Mi smart plug"
    stage.gateway.interviewed(member("lumi.plug"), stage.clock.now())
    stage.clock.pass_(2)
    entry = stage.said("bridge/devices")[-1].content[1]
    assert (entry["interviewing"], entry["interview_completed"]) == (False, True)
    assert (entry["supported"], entry["friendly_name"]) == (True, "Mi smart plug")
    assert [m.payload for m in stage.said(f"{ADDRESS}/availability")][-1] == ""
    assert stage.said("Mi smart plug/availability")[-1].payload == ONLINE
    last = stage.said("bridge/event")[-1].content["data"]
    assert last["supported"] is True
    assert last["definition"]["model"] == "ZNCZ02LM"
    assert events(stage) == [
        ("device_joined", None),
        ("device_interview", "started"),
        ("device_announce", None),
        ("device_interview", "successful"),
    ]
    what = "Xiaomi Mi smart plug (ZNCZ02LM)"
    assert stage.logged("info", "warning", "error") == [
        f"Device '{ADDRESS}' joined",
        f"Starting interview of '{ADDRESS}'",
        f"Device '{ADDRESS}' is now 'Mi smart plug'",
        "Successfully interviewed 'Mi smart plug', device has successfully been paired",
        f"Device 'Mi smart plug' is supported, identified as: {what}",
    ]
    stage.forget()
    stage.receive(ON, 6)
    assert stage.states("Mi smart plug") == [{"state": "ON"}]


def test_a_device_interviewed_without_a_join(stage: Stage) -> None:
    """Some devices are interviewed without a join before."""
    stage.begin()
    stage.gateway.interviewed(member("lumi.plug"), stage.clock.now())
    assert events(stage) == [("device_interview", "successful")]


def test_an_unknown_model_joins(stage: Stage) -> None:
    stage.begin()
    stage.gateway.interviewed(member("lumi.other"), stage.clock.now())
    data = stage.said("bridge/event")[-1].content["data"]
    assert (data["supported"], data["definition"]) == (False, None)
    assert stage.logged("warning") == [
        (
            f"Device '{ADDRESS}' with Zigbee model 'lumi.other' and manufacturer name 'LUMI'"
            " is NOT supported"
        )
    ]


def test_other_events(plug: Stage) -> None:
    node = member("lumi.plug", nwk=0x4321)
    plug.gateway.interview_failed(node)
    plug.gateway.joined(node, plug.clock.now())
    plug.gateway.left(IEEE)
    assert events(plug) == [
        ("device_interview", "failed"),
        ("device_announce", None),
        ("device_leave", None),
    ]
    assert plug.logged("warning", "error") == [
        "Failed to interview 'device', device has not successfully been paired",
        "Device 'device' left the network",
    ]
    assert [m.payload for m in plug.said("device/availability")] == [OFFLINE]
    plug.clock.pass_(HEALTH_SECONDS)
    health = plug.said("bridge/health")[-1].content
    assert health["devices"][ADDRESS] == {
        "messages": 0,
        "messages_per_sec": 0.0,
        "leave_count": 1,
        "network_address_changes": 1,
    }


def test_a_device_is_removed(plug: Stage) -> None:
    device = plug.gateway[IEEE]
    plug.gateway.removed(IEEE)
    plug.clock.pass_(2)
    assert [(m.topic, m.payload) for m in plug.broker.messages[:2]] == [
        ("zigbee2mqtt/device", ""),
        ("zigbee2mqtt/device/availability", ""),
    ]
    assert len(plug.said("bridge/devices")[-1].content) == 1
    device.received(None, 5, plug.clock.now())
    assert plug.said("device")[1:] == []
    plug.gateway.joined(member("lumi.plug"), plug.clock.now())
    assert events(plug) == [
        ("device_joined", None),
        ("device_interview", "started"),
        ("device_announce", None),
    ]


def test_leave_of_an_unknown_device_is_not_published(stage: Stage) -> None:
    device = stage.add("lumi.plug")
    stage.gateway.removed(IEEE)
    stage.begin()
    stage.gateway._devices[IEEE] = device
    stage.gateway.left(IEEE)
    stage.gateway.removed(IEEE)
    assert stage.said("bridge/event") == []


@pytest.mark.parametrize("plain", [True, False])
def test_availability(make: Callable[..., Stage], plain: bool) -> None:
    stage = make(plain_availability=plain)
    stage.add("lumi.plug")
    speak(stage)
    stage.gateway.lost("pulled")
    states = ["online", "offline"] if plain else [ONLINE, OFFLINE]
    assert stage.said("device/availability") == [
        Message("zigbee2mqtt/device/availability", state, qos=1, retain=True) for state in states
    ]
    assert [m.payload for m in stage.said("bridge/state")] == states


def test_format_of_availability_changes_without_a_restart(plug: Stage) -> None:
    plug.mirror.change(Settings(plain_availability=True))
    assert [m.payload for m in plug.said("device/availability")] == ["online"]
    assert [m.payload for m in plug.said("bridge/state")] == ["online"]
    plug.mirror.change(Settings(plain_availability=True))
    assert len(plug.said("bridge/state")) == 1


def test_a_rename_is_published_at_once(plug: Stage) -> None:
    """A client always finds a device's topics, however many renames there are."""
    plug.gateway.joined(member("lumi.plug", nwk=0x1111), plug.clock.now())
    plug.gateway[IEEE].state["state"] = True
    for name in ("one", "two", "three"):
        plug.house.names[IEEE] = name
        plug.broker.messages.clear()
        plug.mirror.renamed(plug.gateway[IEEE])
        assert plug.said("bridge/devices")[-1].content[1]["friendly_name"] == name
        assert plug.said(f"{name}/availability")[-1].payload == ONLINE
    plug.broker.messages.clear()
    plug.clock.pass_(5)
    assert plug.broker.messages == []


def test_a_bridge_without_a_radio_is_offline(plug: Stage) -> None:
    """As Zigbee2MQTT without its coordinator; the mirror's own message does not change it."""
    plug.gateway.lost("pulled")
    plug.send("bridge/state", OFFLINE)
    plug.clock.pass_(5)
    plug.gateway.found(plug.clock.now())
    assert [m.payload for m in plug.said("bridge/state")] == [OFFLINE, ONLINE]


def test_documents_are_published_when_they_change_and_not_too_often(plug: Stage) -> None:
    for _ in range(50):
        plug.gateway.joined(member("lumi.plug", nwk=0x1111), plug.clock.now())
        plug.gateway.joined(member("lumi.plug", nwk=0x2222), plug.clock.now())
    assert len(plug.said("bridge/devices")) == 1
    plug.clock.pass_(5)
    assert len(plug.said("bridge/devices")) == 2
    assert plug.said("bridge/devices")[-1].content[1]["network_address"] == 0x2222
    plug.gateway.joined(member("lumi.plug", nwk=0x2222), plug.clock.now())
    plug.clock.pass_(5)
    assert len(plug.said("bridge/devices")) == 2


def test_health(plug: Stage) -> None:
    plug.receive(ON, 6)
    plug.gateway.received(IEEE, None, 5, plug.clock.now())
    plug.clock.pass_(HEALTH_SECONDS)
    (health,) = plug.said("bridge/health")
    assert (health.qos, health.retain) == (1, True)
    assert health.content["devices"][ADDRESS]["messages"] == 2
    assert health.content["mqtt"]["connected"] is True


# Documents


def network(stage: Stage) -> None:
    """Add devices of several models, and an unknown one. `test_exposes` has every model."""
    models = ("lumi.lock.acn02", "lumi.lock.aq1", "lumi.remote.rkba01", "lumi.plug")
    for number, model in enumerate((*models, "lumi.relay.c2acn01", "lumi.other")):
        ieee = f"00:15:8d:00:00:00:00:0{number}"
        stage.add(model, f"device {number}", ieee)


def test_devices(stage: Stage, snapshot: SnapshotAssertion) -> None:
    network(stage)
    first = stage.gateway["00:15:8d:00:00:00:00:00"]
    first.about.date_code, first.about.software_build_id = "02-28-2017", "22"
    other = stage.gateway["00:15:8d:00:00:00:00:05"]
    other.about.power_source = 4
    other.node = Node(other.ieee, 1, "lumi.other", None, is_complete=False, logical_type=1)
    speak(stage)
    assert stage.said("bridge/devices")[0].content == snapshot


def test_info(stage: Stage, snapshot: SnapshotAssertion) -> None:
    network(stage)
    speak(stage)
    assert stage.said("bridge/info")[0].content == snapshot
    assert stage.said("bridge/definitions")[0].content == snapshot


def test_endpoints_have_names(stage: Stage) -> None:
    stage.add("lumi.relay.c2acn01")
    speak(stage)
    endpoints = stage.said("bridge/devices")[0].content[1]["endpoints"]
    assert [endpoint["name"] for endpoint in endpoints.values()] == ["l1", "l2"]
    assert endpoints["2"]["clusters"]["input"] == ["genAnalogInput", "43981"]


def test_no_secret_is_published(stage: Stage) -> None:
    network(stage)
    speak(stage)
    assert all("key" not in message.payload.lower() for message in stage.broker.messages)
    assert "password" not in stage.said("bridge/info")[0].payload


# Logging


@pytest.mark.parametrize(
    ("level", "expected"),
    [("error", 1), ("warning", 2), ("info", 3), ("debug", 4)],
)
def test_log_level(make: Callable[..., Stage], level: str, expected: int) -> None:
    stage = make(log_level=level)
    device = stage.add("lumi.plug")
    stage.begin()
    stage.send("nobody/set", "ON")
    stage.send("nobody/set", "ON")
    stage.send("device/set", "ON", retained=True)
    stage.house.names[IEEE] = "new"
    stage.mirror.renamed(device)
    stage.receive(ON, 6)
    entries = stage.said("bridge/logging")
    assert len(entries) == expected
    assert entries[0].content == {
        "level": "error",
        "message": "z2m: Entity 'nobody' is unknown",
        "namespace": "z2m",
    }


def test_topics_of_others_are_ignored(plug: Stage) -> None:
    plug.mirror.received("homeassistant/status", b"online", retained=False)
    plug.mirror.received("zigbee2mqtt/bridge/devices", b"[]", retained=False)
    assert plug.broker.messages == []
