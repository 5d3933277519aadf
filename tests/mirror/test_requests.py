"""Bridge requests."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from custom_components.aqara_zigbee.core import zcl
from custom_components.aqara_zigbee.core.device import Device
from custom_components.aqara_zigbee.core.errors import DeliveryError
from custom_components.aqara_zigbee.mirror.mirror import LONGEST_LANE
from custom_components.aqara_zigbee.mirror.requests.dispatch import HOOKED
from custom_components.aqara_zigbee.mirror.requests.message import RequestError
from tests.mirror.stage import ADDRESS, IEEE, OTHER, Stage, member


def ok(**data: Any) -> dict[str, Any]:
    """Return a successful response."""
    return {"data": data, "status": "ok"}


def refused(error: str) -> dict[str, Any]:
    """Return an error response."""
    return {"data": {}, "status": "error", "error": error}


# Joining


@pytest.mark.parametrize(
    ("payload", "response", "permit"),
    [
        ({"time": 60}, {"time": 60}, (60, None)),
        ({"time": 254}, {"time": 254}, (254, None)),
        ({"time": 0}, {"time": 0}, (0, None)),
        ("60", {"time": 60}, (60, None)),
        ({"value": True, "time": 60}, {"value": True, "time": 60}, (60, None)),
        ({"value": True}, {"value": True, "time": 254}, (254, None)),
        ({"value": "true"}, {"value": True, "time": 254}, (254, None)),
        ({"value": False}, {"value": False, "time": 0}, (0, None)),
        ("true", {"value": True, "time": 254}, (254, None)),
        ("false", {"value": False, "time": 0}, (0, None)),
        ({"time": 9, "device": "device"}, {"time": 9, "device": "device"}, (9, IEEE)),
        ({"time": 9, "device": ADDRESS}, {"time": 9, "device": ADDRESS}, (9, IEEE)),
        (
            {"time": 9, "device": "Coordinator"},
            {"time": 9, "device": "Coordinator"},
            (9, "00:12:4b:00:00:00:00:01"),
        ),
    ],
)
async def test_permit_join(
    plug: Stage, payload: object, response: dict[str, Any], permit: tuple[int, str | None]
) -> None:
    assert await plug.request("permit_join", payload) == ok(**response)
    assert plug.radio.permits == [permit]


@pytest.mark.parametrize(
    ("payload", "error"),
    [
        ({}, "Invalid payload"),
        ("", "Invalid payload"),
        ({"time": -1}, "Invalid payload"),
        ({"time": "long"}, "Invalid payload"),
        ({"time": True}, "Invalid payload"),
        ({"time": 255}, "Cannot permit join for more than 254 seconds."),
        ({"time": 9, "device": "x"}, "Device 'x' does not exist"),
    ],
)
async def test_permit_join_refused(plug: Stage, payload: object, error: str) -> None:
    assert await plug.request("permit_join", payload) == refused(error)
    assert plug.radio.permits == []
    assert plug.errors == [
        f"Request 'zigbee2mqtt/bridge/request/permit_join' failed with error: '{error}'"
    ]


async def test_permit_join_is_logged(plug: Stage) -> None:
    await plug.request("permit_join", {"time": 9, "device": "device"})
    await plug.request("permit_join", 60)
    await plug.request("permit_join", {"time": 0})
    assert plug.logged("info") == [
        "Zigbee: allowing new devices to join via device.",
        "Zigbee: allowing new devices to join.",
        "Zigbee: disabling joining new devices.",
    ]


async def test_permit_join_can_be_switched_off(make: Callable[..., Stage]) -> None:
    """Ending joins is always allowed."""
    stage = make(permit_join=False)
    stage.begin()
    assert await stage.request("permit_join", {"time": 60}) == refused(
        "Pairing through MQTT is turned off in Home Assistant"
    )
    assert await stage.request("permit_join", {"time": 0}) == ok(time=0)
    assert stage.radio.permits == [(0, None)]


async def test_info_has_the_end_of_permitted_joins(plug: Stage) -> None:
    await plug.request("permit_join", {"time": 60})
    (info,) = plug.said("bridge/info")
    end = plug.clock.now() + timedelta(seconds=60)
    assert info.content["permit_join"] is True
    assert info.content["permit_join_end"] == int(end.timestamp() * 1000)
    plug.forget()
    plug.clock.pass_(60)
    (info,) = plug.said("bridge/info")
    assert info.content["permit_join"] is False
    assert "permit_join_end" not in info.content


async def test_info_has_joins_permitted_elsewhere(plug: Stage) -> None:
    await plug.gateway.permit(254, plug.clock.now())
    assert plug.said("bridge/info")[-1].content["permit_join"] is True
    plug.clock.pass_(5)
    await plug.gateway.permit(0, plug.clock.now())
    plug.clock.pass_(5)
    assert plug.said("bridge/info")[-1].content["permit_join"] is False


async def test_info_is_kept_over_a_lost_connection(plug: Stage) -> None:
    await plug.gateway.permit(254, plug.clock.now())
    plug.mirror.disconnected()
    plug.mirror.connected()
    plug.clock.pass_(5)
    assert plug.said("bridge/info")[-1].content["permit_join"] is True
    plug.clock.pass_(254)
    assert plug.said("bridge/info")[-1].content["permit_join"] is False


async def test_radio_without_an_answer(plug: Stage) -> None:
    plug.radio.is_deaf = True
    assert await plug.request("permit_join", {"time": 60}) == refused("nobody answers")


# Names


@pytest.mark.parametrize("who", ["device", ADDRESS])
async def test_rename(plug: Stage, who: str) -> None:
    response = await plug.request("device/rename", {"from": who, "to": "hall/kettle"})
    assert response == ok(**{"from": "device", "to": "hall/kettle", "homeassistant_rename": False})
    assert plug.house.names[IEEE] == "hall/kettle"
    assert [m.payload for m in plug.said("device")] == [""]
    assert plug.said("hall/kettle/availability")


async def test_rename_of_the_last_joined_device(stage: Stage) -> None:
    stage.begin()
    request = {"last": True, "to": "new", "homeassistant_rename": True}
    assert await stage.request("device/rename", request) == refused(
        "No device has joined since start"
    )
    stage.gateway.joined(member("lumi.plug"), stage.clock.now())
    assert await stage.request("device/rename", request) == ok(
        **{"from": ADDRESS, "to": "new", "homeassistant_rename": True}
    )


@pytest.mark.parametrize(
    ("payload", "error"),
    [
        ({"from": "x", "to": "y"}, "Device 'x' does not exist"),
        ({"to": "y"}, "Invalid payload"),
        ({"from": "one"}, "Invalid payload"),
        ({"from": "one", "to": ""}, "Invalid payload"),
        ({"from": "one", "to": 5}, "Invalid payload"),
        ("x", "Device 'x' does not exist"),
        ({"from": "one", "to": "two"}, "friendly_name 'two' is already in use"),
        ({"from": "one", "to": "coordinator"}, "friendly_name 'coordinator' is already in use"),
        (
            {"from": "one", "to": "0x00158d0001a1b2c5"},
            "friendly_name '0x00158d0001a1b2c5' is already in use",
        ),
        ({"from": "one", "to": "a/+"}, "friendly_name 'a/+' cannot be part of a topic"),
        (
            {"from": "one", "to": "bridge/state"},
            "friendly_name 'bridge/state' cannot be part of a topic",
        ),
        ({"from": "one", "to": "two/set"}, "friendly_name 'two/set' cannot be part of a topic"),
    ],
)
async def test_rename_refused(stage: Stage, payload: object, error: str) -> None:
    stage.add("lumi.plug", "one")
    stage.add("lumi.plug", "two", OTHER)
    stage.begin()
    assert await stage.request("device/rename", payload) == refused(error)
    assert stage.house.names == {IEEE: "one", OTHER: "two"}


# Leaves and interviews


@pytest.mark.parametrize(
    ("payload", "named", "force"),
    [
        ({"id": "device"}, "device", False),
        ({"id": ADDRESS, "force": True, "block": False}, ADDRESS, True),
        ("device", "device", False),
    ],
)
async def test_remove(plug: Stage, payload: object, named: str, force: bool) -> None:
    flags = {"block": False, "force": force, "keep_config": False, "clear_cache": False}
    assert await plug.request("device/remove", payload) == ok(id=named, **flags)
    said = f"(block: false, force: {str(force).lower()}, keep config: false, clear cache: false)"
    suffix = f" {said}" if isinstance(payload, dict) else ""
    assert plug.logged() == [
        f"Removing device 'device'{suffix}",
        f"Successfully removed device 'device'{suffix}",
    ]
    assert plug.radio.removed == [(IEEE, force)]
    plug.gateway.removed(IEEE)
    plug.clock.pass_(2)
    assert [(m.payload, m.retain) for m in plug.said("device")] == [("", True)]
    assert len(plug.said("bridge/devices")[-1].content) == 1
    assert await plug.request("device/remove", payload) == refused(
        f"Device '{named}' does not exist"
    )


async def test_remove_refused(plug: Stage) -> None:
    plug.radio.is_deaf = True
    assert await plug.request("device/remove", {"id": "device"}) == refused(
        "Failed to remove device 'device' (block: false, force: false, keep config: false,"
        " clear cache: false) (Error: nobody answers)"
    )
    assert await plug.request("device/remove", {"id": "device", "block": True}) == refused(
        "Blocking devices is not supported"
    )
    assert await plug.request("device/remove", {"id": "device", "keep_config": True}) == refused(
        "Keeping the options of a removed device is not supported"
    )
    assert await plug.request("device/remove", {"id": 5}) == refused("Invalid payload")
    assert plug.radio.removed == []


async def test_interview(plug: Stage) -> None:
    assert await plug.request("device/interview", {"id": "device"}) == ok(id="device")
    assert plug.radio.interviewed == [IEEE]
    plug.radio.is_deaf = True
    assert await plug.request("device/interview", {"id": "device"}) == refused(
        "interview of 'device' failed: Error: nobody answers"
    )


async def test_configure(knob: Stage) -> None:
    assert await knob.request("device/configure", "device") == ok(id="device")
    assert isinstance(knob.radio.sent[0], zcl.WriteAttributes)

    def deaf(request: zcl.Request) -> None:
        raise DeliveryError("asleep")

    knob.radio.answer = deaf
    assert await knob.request("device/configure", {"id": "device"}) == refused(
        "Failed to configure 'device' (Error: asleep)"
    )


# Options


async def test_device_options(plug: Stage) -> None:
    first = {"retain": True, "power_calibration": 5, "description": "in the hall"}
    assert await plug.request("device/options", {"id": "device", "options": first}) == ok(
        **{"id": "device", "from": {}, "to": first, "restart_required": False}
    )
    assert plug.said("bridge/devices")[-1].content[1]["description"] == "in the hall"
    plug.forget()
    second = {"retain": False, "power_calibration": None, "qos": 1}
    response = await plug.request("device/options", {"id": ADDRESS, "options": second})
    assert response["data"]["from"] == first
    assert response["data"]["to"] == {"description": "in the hall", "qos": 1, "retain": False}
    assert [(m.payload, m.retain) for m in plug.said("device")] == [("", True)]
    plug.receive("187c0a550039b4721242", 0x0C, 2)
    assert plug.states() == [{"power": 36.61}]
    assert plug.said("device")[-1].qos == 1


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (None, "Invalid payload"),
        ({"retain": 1}, "Invalid value of 'retain': must be a boolean"),
        ({"qos": 3}, "Invalid value of 'qos': must be 0, 1 or 2"),
        ({"qos": True}, "Invalid value of 'qos': must be 0, 1 or 2"),
        (
            {"debounce": -1},
            "Invalid value of 'debounce': must be a number of seconds, 3600 at most",
        ),
        (
            {"throttle": 1e9},
            "Invalid value of 'throttle': must be a number of seconds, 3600 at most",
        ),
        (
            {"description": 5},
            "Invalid value of 'description': must be a text of at most 1000 characters",
        ),
        (
            {"debounce_ignore": "x"},
            "Invalid value of 'debounce_ignore': must be a list of at most 50 texts",
        ),
        ({"filtered_cache": ["("]}, None),
        ({"filtered_cache": ["(a+)+"]}, None),
        ({"filtered_cache": ["a*a*a*a*"]}, None),
        ({"filtered_cache": ["a" * 61]}, None),
        (
            {"power_precision": 9},
            "Invalid value of 'power_precision': 9 is not a value of power_precision",
        ),
        ({"retention": "long"}, "Invalid value of 'retention': must be a number"),
        ({"retention": True}, "Invalid value of 'retention': must be a number"),
        ({"disabled": "yes"}, "Invalid value of 'disabled': must be a boolean"),
        ({"homeassistant": "x"}, "Invalid value of 'homeassistant': must be an object"),
        ({"homeassistant": {"a": [[[[["x"]]]]]}}, None),
        ({"qos": {"a": 1}}, "Invalid value of 'qos': must be 0, 1 or 2"),
        ({"icon": ["x"]}, None),
        ({"description": "\ud800"}, None),
        ({"theirs": "\ud800"}, None),
        ({"\ud800": 1}, None),
        ({"theirs": 2**64}, None),
        ({"theirs": [[[[[[]]]]]]}, None),
        ({"theirs": "x" * 1001}, None),
        ({"x" * 1001: 1}, None),
        (
            {"theirs": ["x" * 1000] * 9},
            "No more than 50 options and 8192 octets of them are kept",
        ),
        (
            {f"theirs {number}": 1 for number in range(51)},
            "No more than 50 options and 8192 octets of them are kept",
        ),
    ],
)
async def test_device_options_refused(plug: Stage, options: Any, error: str | None) -> None:
    """All or none is set."""
    wanted = options and {"optimistic": False, **options}
    response = await plug.request("device/options", {"id": "device", "options": wanted})
    assert response["status"] == "error"
    assert error is None or response["error"] == error
    assert "optimistic" not in plug.gateway[IEEE].options


async def test_options_that_zigbee2mqtt_knows_are_kept_and_shown(plug: Stage) -> None:
    options = {
        "disabled": True,
        "retention": 900,
        "icon": "device_icons/plug.png",
        "homeassistant": {"name": "Kettle"},
        "disable_automatic_update_check": True,
    }
    response = await plug.request("device/options", {"id": "device", "options": options})
    assert response["data"]["to"] == options
    assert warnings(plug) == []
    shown = plug.said("bridge/devices")[-1].content[1]
    assert shown["disabled"] is True
    assert shown["definition"]["icon"] == "device_icons/plug.png"
    more = {"homeassistant": {"object_id": "k"}, "disabled": None}
    response = await plug.request("device/options", {"id": "device", "options": more})
    assert response["data"]["to"]["homeassistant"] == {"name": "Kettle", "object_id": "k"}
    assert "disabled" not in response["data"]["to"]


def warnings(stage: Stage) -> list[str]:
    """Return the warnings on ``bridge/logging``."""
    return stage.logged("warning")


async def test_options_of_other_programs_are_kept(plug: Stage) -> None:
    """As in Zigbee2MQTT: with a warning, merged, shown, and null removes one."""
    theirs = {"gateway": {"enabled": True, "ports": ["a"]}, "users": 1, "availability": False}
    response = await plug.request("device/options", {"id": ADDRESS, "options": theirs})
    assert response == ok(id=ADDRESS, to=theirs, restart_required=False, **{"from": {}})
    assert sorted(warnings(plug)) == [
        f"Device '{ADDRESS}' does not support option '{name}'" for name in sorted(theirs)
    ]
    more = {"gateway": {"enabled": None, "label": "x"}, "users": None, "retain": True}
    response = await plug.request("device/options", {"id": ADDRESS, "options": more})
    expected = {"availability": False, "gateway": {"label": "x", "ports": ["a"]}, "retain": True}
    assert response["data"] == {
        "id": ADDRESS,
        "from": theirs,
        "to": expected,
        "restart_required": False,
    }
    plug.clock.pass_(1)
    config = plug.said("bridge/info")[-1].content["config"]
    assert config["devices"][ADDRESS] == {"friendly_name": "device", **expected}
    ours = plug.gateway[IEEE].options.keys()
    assert not {"users", "availability"} & ours, "options of ours are out of reach"
    response = await plug.request(
        "device/options", {"id": ADDRESS, "options": {"gateway": None, "availability": None}}
    )
    assert response["data"]["to"] == {"retain": True}


async def test_names_are_not_options(plug: Stage) -> None:
    """Zigbee2MQTT ignores them silently."""
    options = {"friendly_name": "x", "ID": 1, "qos": 1}
    response = await plug.request("device/options", {"id": "device", "options": options})
    assert response["data"]["to"] == {"qos": 1}
    assert plug.gateway[IEEE].options["friendly_name"]["is"] == "device"
    assert warnings(plug) == []


async def test_global_options(plug: Stage) -> None:
    wanted = {
        "advanced": {"last_seen": "epoch", "log_level": "debug", "cache_state": False},
        "homeassistant": {"legacy_action_sensor": True},
    }
    assert await plug.request("options", {"options": wanted}) == ok(restart_required=False)
    topics = [m.topic.removeprefix("zigbee2mqtt/bridge/") for m in plug.broker.messages]
    assert topics == ["info", "logging"], "nothing went offline"
    info = plug.said("bridge/info")[-1].content
    assert info["config"]["advanced"]["last_seen"] == "epoch"
    assert info["log_level"] == "debug"
    plug.forget()
    plug.receive("187c0a550039b4721242", 0x0C, 2)
    (message,) = plug.said("device")
    assert message.content == {
        "last_seen": int(plug.clock.now().timestamp() * 1000),
        "linkquality": 88,
        "power": 36.61,
    }
    assert plug.logged("debug") == [
        f"z2m:mqtt: MQTT publish: topic 'zigbee2mqtt/device', payload '{message.payload}'"
    ]
    assert plug.house.settings == {
        "last_seen": "epoch",
        "log_level": "debug",
        "cache_state": False,
        "action_reset": True,
    }


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (None, "Invalid payload"),
        ({"advanced": 5}, "'advanced' cannot be changed through MQTT"),
        (
            {"advanced": {"network_key": "x"}},
            "'advanced.network_key' cannot be changed through MQTT",
        ),
        ({"mqtt": {"base_topic": "x"}}, "'mqtt.base_topic' cannot be changed through MQTT"),
        ({"advanced": {"last_seen": "never"}}, "Invalid value of 'advanced.last_seen'"),
        ({"advanced": {"elapsed": 1}}, "Invalid value of 'advanced.elapsed'"),
    ],
)
async def test_global_options_refused(plug: Stage, options: object, error: str) -> None:
    assert await plug.request("options", {"options": options}) == refused(error)
    assert plug.house.settings == {}


# Other requests


async def test_health_check(plug: Stage) -> None:
    assert await plug.request("health_check") == ok(healthy=True)
    plug.gateway.lost("pulled")
    assert await plug.request("health_check") == ok(healthy=False)


async def test_restart(plug: Stage) -> None:
    assert await plug.request("restart") == ok()
    assert plug.house.restarts == 1


@pytest.mark.parametrize("transaction", ["1", 5, None, {"a": [1]}, "\ud800"])
async def test_transactions_are_echoed(plug: Stage, transaction: object) -> None:
    assert (await plug.request("health_check", {"transaction": transaction}))["transaction"] == (
        transaction
    )
    response = await plug.request("group/add", {"transaction": transaction})
    assert response == {**refused("'group/add' is not supported"), "transaction": transaction}


@pytest.mark.parametrize(
    "junk",
    [
        '"time":1e400',
        '"time":-1e400',
        '"time":' + "9" * 400,
        '"id":' + "[" * 40 + "]" * 40,
        '"options":{"qos":1E999}',
    ],
)
@pytest.mark.parametrize(
    ("transaction", "echo"),
    [
        ('"7"', {"transaction": "7"}),
        ("1e400", {}),
        ("9" * 400, {}),
        ("[" * 17 + "]" * 17, {}),
        ("18446744073709551616", {"transaction": 2.0**64}),
    ],
)
@pytest.mark.parametrize("name", ["permit_join", "device/options", "networkmap", "nonsense"])
async def test_unreadable_requests_are_answered(
    plug: Stage,
    caplog: pytest.LogCaptureFixture,
    junk: str,
    transaction: str,
    echo: dict[str, Any],
    name: str,
) -> None:
    """With the transaction, if it can be written."""
    response = await plug.request(name, f'{{"transaction":{transaction},{junk}}}')
    assert response == {**refused("Invalid payload"), **echo}
    assert plug.radio.permits == []
    assert caplog.text == ""


@pytest.mark.parametrize(
    "payload",
    ["[" * 60_000, '{"a":' * 12_000, "[" * 30_000 + "]" * 30_000, "1e999", "-" + "9" * 5000],
    ids=str.__len__,
)
async def test_depths_are_answered(plug: Stage, payload: str) -> None:
    response = await plug.request("device/remove", payload)
    assert response["status"] == "error"
    assert len(response["error"]) < 600


async def test_a_long_text_is_not_echoed_in_full(plug: Stage) -> None:
    response = await plug.request("device/remove", "x" * 60_000)
    assert response["error"].startswith("Device 'xxx")
    assert len(response["error"]) < 600


@pytest.mark.parametrize("name", ["x" * 65_000, "a\x01b", "\ufffe"])
async def test_a_request_without_a_valid_response_topic(plug: Stage, name: str) -> None:
    """The topic of the response would be too long, or end Home Assistant's connection."""
    await plug.ask(f"bridge/request/{name}")
    assert plug.errors == ["A request of an impossible name, skipping..."]
    assert {message.topic for message in plug.broker.messages} == {"zigbee2mqtt/bridge/logging"}


async def test_an_internal_error_is_answered(
    make: Callable[..., Stage], caplog: pytest.LogCaptureFixture
) -> None:
    async def check(device: Device | None, message: Mapping[str, Any]) -> dict[str, Any]:
        raise RuntimeError

    stage = make(hooks={"device/ota_update/check": check})
    stage.add("lumi.plug")
    stage.begin()
    request = {"id": "device", "transaction": 1}
    assert await stage.request("device/ota_update/check", request) == {
        **refused("Unexpected error"),
        "transaction": 1,
    }
    assert "The request device/ota_update/check failed" in caplog.text


async def test_requests_in_capitals(plug: Stage) -> None:
    """As in Zigbee2MQTT they are equal, and answered on the topic as written."""
    assert await plug.request("Permit_JOIN", {"time": 9}) == ok(time=9)


@pytest.mark.parametrize("name", sorted(HOOKED | {"touchlink/scan", "x", "device/bind"}))
async def test_unsupported_requests_are_rejected(plug: Stage, name: str) -> None:
    assert await plug.request(name, {"id": "device"}) == refused(f"'{name}' is not supported")


async def test_hooks(make: Callable[..., Stage]) -> None:
    async def update(device: Device | None, message: Mapping[str, Any]) -> dict[str, Any]:
        assert device is not None
        return {"id": message["id"]}

    async def check(device: Device | None, message: Mapping[str, Any]) -> dict[str, Any]:
        assert device is not None
        raise RequestError(f"nothing for {device.ieee}")

    stage = make(hooks={"device/ota_update/update": update, "device/ota_update/check": check})
    stage.add("lumi.plug")
    stage.add("lumi.remote.rkba01", "knob", OTHER)
    stage.begin()
    assert await stage.request("device/ota_update/update", {"id": "device"}) == ok(id="device")
    assert await stage.request("device/ota_update/check", {"id": "device"}) == refused(
        f"nothing for {IEEE}"
    )
    assert await stage.request("device/ota_update/check", {"id": "knob"}) == refused(
        "Device 'knob' does not support OTA updates"
    )


async def test_waiting_requests_are_limited(plug: Stage) -> None:
    for number in range(LONGEST_LANE + 1):
        plug.send("bridge/request/health_check", {"transaction": number})
    (response,) = plug.said("bridge/response/health_check")
    assert response.content == {**refused("Too many requests"), "transaction": LONGEST_LANE}
    await plug.settle()
    assert len(plug.said("bridge/response/health_check")) == LONGEST_LANE + 1
