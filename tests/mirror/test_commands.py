"""Commands to devices: topics, values, order, errors."""

import pytest

from custom_components.aqara_zigbee.core import zcl
from custom_components.aqara_zigbee.core.errors import DeliveryError, RefusedError
from custom_components.aqara_zigbee.mirror.commands import in_order
from custom_components.aqara_zigbee.mirror.payload import LONGEST
from custom_components.aqara_zigbee.mirror.rate_limit import BURST, RATE, SMALL
from custom_components.aqara_zigbee.mirror.waiting import MOST_READS
from tests.mirror.stage import ADDRESS, IEEE, OFF, ON, OTHER, Stage

ON_1, OFF_1 = zcl.Command(1, 6, 1), zcl.Command(1, 6, 0)
ON_2 = zcl.Command(2, 6, 1)
TOGGLE_2 = zcl.Command(2, 6, 2, repeatable=False)


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("device/set", '{"state":"ON"}'),
        ("device/set", '{"state": "on"}'),
        ("device/set", "ON"),
        ("device/set", "on"),
        ("device/set/state", "ON"),
        ("device/set/state", '"ON"'),
        ("device/1/set", '{"state":"ON"}'),
        (f"{ADDRESS}/set", '{"state":"ON"}'),
        (f"{ADDRESS.upper().replace('0X', '0x')}/set/state", "ON"),
    ],
)
async def test_ways_to_switch_on(plug: Stage, topic: str, payload: str) -> None:
    await plug.ask(topic, payload)
    assert plug.radio.sent == [ON_1]
    assert plug.states() == [{"state": "ON"}]
    assert plug.errors == []


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("device/l2/set", '{"state":"ON"}'),
        ("device/l2/set", "ON"),
        ("device/2/set/state", "ON"),
        ("device/set", '{"state_l2":"ON"}'),
        ("device/set/state_l2", "ON"),
        ("device/l1/set", '{"state_l2":"ON"}'),
        (f"{ADDRESS}/l2/set", '{"state":"ON"}'),
    ],
)
async def test_ways_to_the_second_channel(relay: Stage, topic: str, payload: str) -> None:
    await relay.ask(topic, payload)
    assert relay.radio.sent == [ON_2]
    assert relay.states() == [{"state_l2": "ON"}]


async def test_state_without_a_channel_is_the_first(relay: Stage) -> None:
    await relay.ask("device/set", {"state": "ON"})
    assert relay.radio.sent == [ON_1]
    assert relay.states() == [{"state_l1": "ON"}]


async def test_interlock_has_no_channel(relay: Stage) -> None:
    """Written on endpoint 1 whatever the topic (protocol 5.3)."""
    await relay.ask("device/l2/set", {"interlock": True})
    assert {request.endpoint for request in relay.radio.sent} == {1}
    assert relay.states() == [{"interlock": True}]


async def test_several_keys_are_published_together(relay: Stage) -> None:
    await relay.ask("device/set", {"state_l1": "ON", "state_l2": "ON"})
    assert relay.radio.sent == [ON_1, ON_2]
    assert relay.states() == [{"state_l1": "ON", "state_l2": "ON"}]


async def test_one_failure_does_not_stop_the_others(relay: Stage) -> None:
    def first_fails(request: zcl.Request) -> None:
        if request.endpoint == 1:
            raise DeliveryError("nobody answers")

    relay.radio.answer = first_fails
    await relay.ask("device/set", {"state_l1": "ON", "bogus": 1, "state_l2": "ON"})
    assert relay.states() == [{"state_l2": "ON"}]
    assert relay.errors == [
        "No converter available for 'bogus' on 'device': (1)",
        "Publish 'set' 'state_l1' to 'device' failed: 'Error: nobody answers'",
    ]


async def test_toggle_of_an_unknown_state(relay: Stage) -> None:
    await relay.ask("device/l2/set", "TOGGLE")
    assert relay.radio.sent == [TOGGLE_2]
    assert relay.states() == []
    relay.receive("18880a00001001", 6, endpoint=2)
    await relay.ask("device/l2/set", "toggle")
    assert relay.states() == [{"state_l2": "ON"}, {"state_l2": "OFF"}]


@pytest.mark.parametrize(
    ("body", "order"),
    [
        ({"a": 1, "state": "ON", "b": 2}, ["state", "a", "b"]),
        ({"state": "off", "a": 1}, ["a", "state"]),
        ({"state": "OFF", "state_l1": "ON"}, ["state_l1", "state"]),
        ({"state": 1, "a": 1}, ["state", "a"]),
        ({"state_l1": "OFF", "a": 1}, ["state_l1", "a"]),
    ],
)
def test_order_of_keys(body: dict[str, object], order: list[str]) -> None:
    assert [key for key, _ in in_order(body)] == order


@pytest.mark.parametrize(
    ("topic", "payload", "error"),
    [
        ("nobody/set", "ON", "Entity 'nobody' is unknown"),
        ("nobody/l1/set", "ON", "Entity 'nobody/l1' is unknown"),
        ("device/l3/set", "ON", "Device 'device' has no endpoint 'l3'"),
        ("device/set", '{"state_l1":"ON"}', "Device 'device' has no endpoint 'l1'"),
        ("device/set", "", "Invalid message 'undefined', skipping..."),
        ("device/set", "bogus", "Invalid message 'undefined', skipping..."),
        ("device/set", '"ON"', "Invalid message 'undefined', skipping..."),
        ("device/set", "5", "Invalid message 'undefined', skipping..."),
        ("device/set", "[]", "Invalid message 'undefined', skipping..."),
        ("device/set", "null", "Invalid message 'null', skipping..."),
        ("device/set", "false", "Invalid message 'false', skipping..."),
        ("device/set", "0", "Invalid message '0', skipping..."),
        ("device/set", '""', "Invalid message '', skipping..."),
        ("device/set", '{"state":"ON","x":1e400}', "Invalid message 'undefined', skipping..."),
        ("device/set", "{", "Invalid message 'undefined', skipping..."),
        ("device/set", "[" * 5000, "Invalid message 'undefined', skipping..."),
        (
            "device/set",
            '{"state":true}',
            (
                "Publish 'set' 'state' to 'device' failed: "
                "'Error: 'null' not allowed, choose between: toggle,off,on'"
            ),
        ),
        (
            "device/set",
            "LOCK",
            (
                "Publish 'set' 'state' to 'device' failed: "
                "'Error: 'lock' not allowed, choose between: toggle,off,on'"
            ),
        ),
        (
            "device/set",
            '{"power_outage_memory":"maybe"}',
            (
                "Publish 'set' 'power_outage_memory' to 'device' failed: "
                "'Error: 'maybe' not allowed, choose between: false,true'"
            ),
        ),
        ("device/set", '{"power":1}', "No converter available for 'set' 'power' (1)"),
        ("device/set", '{"energy":1}', "No converter available for 'energy' on 'device': (1)"),
        (
            "device/set",
            '{"change_cause":"button"}',
            "No converter available for 'change_cause' on 'device': (\"button\")",
        ),
        (
            "device/set",
            '{"device_temperature_calibration":5}',
            "No converter available for 'device_temperature_calibration' on 'device': (5)",
        ),
        (
            "device/set",
            '{"linkquality":5}',
            "No converter available for 'linkquality' on 'device': (5)",
        ),
        ("device/get", '{"energy":""}', "No converter available for 'energy' on 'device': (\"\")"),
        ("device/get/energy", "", "No converter available for 'energy' on 'device': (\"\")"),
        ("device/get", "", "Invalid message 'undefined', skipping..."),
    ],
)
async def test_errors(plug: Stage, topic: str, payload: str, error: str) -> None:
    await plug.ask(topic, payload)
    assert plug.errors == [error]
    assert plug.radio.sent == []
    assert plug.states() == []


async def test_errors_have_the_devices_name_even_for_its_address(plug: Stage) -> None:
    await plug.ask(f"{ADDRESS}/set", {"bogus": 1})
    assert plug.errors == ["No converter available for 'bogus' on 'device': (1)"]


async def test_a_long_value_is_not_echoed_in_full(plug: Stage) -> None:
    await plug.ask("device/set", {"bogus": "x" * 10_000})
    assert len(plug.errors[0]) < 600


async def test_empty_get(plug: Stage) -> None:
    for topic in ("device/set", "device/get"):
        await plug.ask(topic, {})
    assert plug.broker.messages == []


@pytest.mark.parametrize("value", ["", 0, None, "ON"])
async def test_reading(plug: Stage, value: object) -> None:
    plug.radio.memory[1, 6, 0] = zcl.Record(0, 0x10, 1)
    await plug.ask("device/get", {"state": value})
    assert plug.radio.sent == [zcl.ReadAttributes(1, 6, (0,))]
    assert plug.states() == [{"state": "ON"}]


async def test_reading_by_topic(relay: Stage) -> None:
    await relay.ask("device/l2/get/state")
    await relay.ask("device/get", {"state_l1": "", "power": ""})
    assert [request.endpoint for request in relay.radio.sent] == [2, 1, 1]


async def test_reading_several_continues_after_a_failure(plug: Stage) -> None:
    plug.radio.fall_silent()
    await plug.ask("device/get", {"state": "", "bogus": "", "power": ""})
    assert plug.errors == [
        "Publish 'get' 'state' to 'device' failed: 'Error: nobody answers'",
        "No converter available for 'bogus' on 'device': (\"\")",
        "Publish 'get' 'power' to 'device' failed: 'Error: nobody answers'",
    ]


async def test_write_only_properties_are_published_again(plug: Stage) -> None:
    await plug.ask("device/set", {"power_outage_memory": False})
    plug.radio.sent.clear()
    await plug.ask("device/get", {"power_outage_memory": ""})
    assert plug.radio.sent == []
    assert plug.states() == [{"power_outage_memory": False}] * 2


async def test_on_with_timed_off_is_rejected(plug: Stage) -> None:
    """A heater that was to switch off automatically must not stay on."""
    await plug.ask("device/set", {"state": "ON", "on_time": 300})
    assert plug.radio.sent == []
    refusal = (
        "Publish 'set' 'state' to 'device' failed: "
        "'Error: 'on_time' is not supported, so nothing was switched'"
    )
    assert plug.errors == [refusal]
    await plug.ask("device/set", {"state": "OFF", "off_wait_time": 3})
    assert plug.radio.sent == [OFF_1]
    assert plug.errors == [
        refusal,
        "No converter available for 'off_wait_time' on 'device': (3)",
    ]


async def test_on_with_timed_off_is_rejected_for_all_channels(relay: Stage) -> None:
    """With one error; other properties are set."""
    wishes = {"state_l2": "ON", "state_l1": "OFF", "on_time_l2": 60, "power_outage_memory": True}
    await relay.ask("device/set", wishes)
    assert relay.errors == [
        (
            "Publish 'set' 'state_l2' to 'device' failed: "
            "'Error: 'on_time_l2' is not supported, so nothing was switched'"
        )
    ]
    assert relay.states() == [{"power_outage_memory": True}]


@pytest.mark.parametrize("model", ["lumi.lock.acn02", "lumi.lock.aq1"])
async def test_locks_accept_no_commands(stage: Stage, model: str) -> None:
    stage.add(model)
    stage.begin()
    for payload in ("LOCK", '{"state":"UNLOCK"}', '{"reverse":"LOCK"}', '{"battery":1}'):
        await stage.ask("device/set", payload)
    await stage.ask("device/get", {"state": "", "battery": ""})
    assert len(stage.errors) == 6
    assert all(error.startswith("No converter available for '") for error in stage.errors)
    assert stage.radio.sent == []


async def test_an_unknown_model_accepts_no_commands(stage: Stage) -> None:
    stage.add("lumi.unknown")
    stage.begin()
    await stage.ask("device/set", "ON")
    assert stage.errors == ["No converter available for 'state' on 'device': (\"ON\")"]


async def test_retained_commands_are_ignored(plug: Stage) -> None:
    """They would be carried out at every start."""
    plug.send("device/set", "ON", retained=True)
    plug.send("bridge/request/restart", "", retained=True)
    await plug.settle()
    assert plug.radio.sent == []
    assert plug.house.restarts == 0
    assert [m.content["level"] for m in plug.said("bridge/logging")] == ["warning", "warning"]


async def test_commands_of_a_device_stay_in_order(relay: Stage) -> None:
    """Unsent ones are replaced by newer ones of the same property."""
    for payload in (
        {"state_l1": "ON", "interlock": True},
        {"state_l2": "ON"},
        {"state_l1": "OFF"},
        {"power_outage_memory": True, "state_l1": "ON"},
    ):
        relay.send("device/set", payload)
    await relay.settle()
    switched = [request for request in relay.radio.sent if isinstance(request, zcl.Command)]
    assert switched == [ON_2, ON_1]
    assert relay.gateway[IEEE].state["interlock"] is True
    assert relay.logged() == ["Only the newest 'state_l1' for 'device' is sent"]


@pytest.mark.parametrize(
    ("payloads", "sent"),
    [
        (["OFF", "TOGGLE"], [ON_1]),
        (["ON", "TOGGLE"], [OFF_1]),
        (["TOGGLE", "TOGGLE"], []),
        (["TOGGLE", "TOGGLE", "TOGGLE"], [zcl.Command(1, 6, 2, repeatable=False)]),
        (["TOGGLE", "OFF"], [OFF_1]),
    ],
)
async def test_an_unsent_toggle_counts(
    plug: Stage, payloads: list[str], sent: list[zcl.Request]
) -> None:
    for payload in payloads:
        plug.send("device/set", payload)
    await plug.settle()
    assert plug.radio.sent == sent


@pytest.mark.parametrize("count", [30, 300, BURST * 10])
async def test_a_burst_ends_with_the_last_value(relay: Stage, count: int) -> None:
    """Of each property, whatever else is sent."""
    relay.send("device/set", {"state_l2": "ON"})
    for number in range(count):
        relay.send("device/l1/set", "OFF" if number % 2 else "ON")
        relay.send("device/set", {"bogus": number})
    relay.send("device/set", {"power_outage_memory": False})
    await relay.settle()
    switched = [request for request in relay.radio.sent if isinstance(request, zcl.Command)]
    assert switched == [ON_2, OFF_1]
    assert relay.gateway[IEEE].state["power_outage_memory"] is False
    assert len(relay.errors) <= BURST


async def test_a_burst_during_a_command_ends_with_the_last_value(plug: Stage) -> None:
    """The first was sent; of the others only the last one is."""

    def more(request: zcl.Request) -> None:
        plug.radio.answer = lambda request: None
        for number in range(50):
            plug.send("device/set", "ON" if number % 2 else "OFF")

    plug.radio.answer = more
    await plug.ask("device/set", "OFF")
    assert plug.radio.sent == [OFF_1, ON_1]
    await plug.ask("device/set", "OFF")
    assert plug.radio.sent == [OFF_1, ON_1, OFF_1]


async def test_a_flood_does_not_limit_others(stage: Stage) -> None:
    """Neither other devices nor other kinds of requests are limited."""
    stage.add("lumi.plug", "one")
    stage.add("lumi.plug", "two", OTHER)
    stage.begin()
    for _ in range(BURST + 100):
        stage.send("one/get", {"state": ""})
        stage.send("nobody/set", "ON")
        stage.send("bridge/request/health_check")
        stage.send("bridge/request/bogus")
        stage.send("bridge/request/device/interview", {"id": "one"})
    stage.send("two/set", "ON")
    stage.send("two/get", {"power": ""})
    stage.send("bridge/request/permit_join", {"time": 9})
    await stage.settle()
    assert ON_1 in stage.radio.sent
    assert stage.radio.permits == [(9, None)]
    assert {error for error in stage.errors if "skipping" in error} == {
        f"More than {RATE} messages a second for 'one', skipping...",
        f"More than {RATE} messages a second, skipping...",
        f"More than {RATE} requests a second, skipping...",
    }


async def test_a_flood_of_large_messages_is_limited(plug: Stage) -> None:
    """They take long to read; small ones still count."""
    for number in range(BURST + 10):
        plug.send("device/set", {"state": "ON", "x": "x" * (SMALL + number)})
    plug.send("device/set", "OFF")
    await plug.settle()
    assert plug.errors[-1] == f"More than {RATE} messages a second for 'device', skipping..."
    assert plug.radio.sent == [OFF_1]


async def test_waiting_reads_of_a_device_are_limited(plug: Stage) -> None:
    """Equal reads count once."""
    for number in range(MOST_READS + 3):
        plug.send("device/get", {"state": "", f"x{number}": ""})
        plug.send("device/get", {"power": number})
    await plug.settle()
    assert len([e for e in plug.errors if e == "Too many messages for 'device', skipping..."]) == 1
    assert len(plug.radio.sent) == MOST_READS


async def test_a_failed_command_does_not_stop_the_next(
    plug: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(request: zcl.Request) -> None:
        plug.radio.answer = lambda request: None
        raise RuntimeError

    plug.radio.answer = fail
    plug.send("device/get", {"state": ""})
    plug.send("device/set", "ON")
    await plug.settle()
    assert plug.radio.sent[-1] == ON_1
    assert "A command to 00:15:8d:00:01:a1:b2:c4 failed" in caplog.text


async def test_one_device_does_not_wait_for_another(stage: Stage) -> None:
    stage.add("lumi.plug", "one")
    stage.add("lumi.plug", "two", OTHER)
    stage.begin()
    await stage.settle()
    stage.send("one/set", "ON")
    stage.send("two/set", "ON")
    assert len(stage.house.work) == 2
    await stage.settle()


async def test_a_flood_is_limited(plug: Stage) -> None:
    for _ in range(BURST + 100):
        plug.send("nobody/set", "ON")
    assert plug.errors == [
        "Entity 'nobody' is unknown",
        f"More than {RATE} messages a second, skipping...",
    ]
    plug.clock.pass_(1)
    await plug.ask("device/set", "ON")
    assert plug.radio.sent == [ON_1]


async def test_a_message_that_is_too_long(plug: Stage) -> None:
    await plug.ask("device/set", '{"state":"ON"' + " " * LONGEST + "}")
    assert plug.errors == [f"A message of more than {LONGEST} octets, skipping..."]
    assert plug.radio.sent == []


async def test_a_message_that_is_no_text(plug: Stage) -> None:
    plug.mirror.received("zigbee2mqtt/device/set", b"\xff\xfe\x00", retained=False)
    await plug.settle()
    assert plug.errors == ["Invalid message 'undefined', skipping..."]


async def test_writes_of_home_assistant_are_published(plug: Stage) -> None:
    """The switch in Home Assistant uses the same function."""
    plug.receive(OFF, 6)
    plug.forget()
    await plug.gateway[IEEE].set("state", wish=True)
    plug.receive(ON, 6)
    assert plug.states() == [{"state": "ON"}, {"state": "ON"}]


async def test_setting_that_is_finally_rejected_is_logged(knob: Stage) -> None:
    """It waited for the knob to wake up; the error has the reason."""

    def refuse(request: zcl.Request) -> zcl.Report | None:
        raise RefusedError("the device refused: status 0x87", 0x87)

    await knob.ask("device/set", {"sensitivity": "high"})
    assert not knob.errors
    knob.radio.answer = refuse
    knob.receive("18670a5500210100", 0x12)
    await knob.settle()
    assert knob.errors == [
        "Publish 'set' 'sensitivity' to 'device' failed: 'Error: the device refused: status 0x87'"
    ]
