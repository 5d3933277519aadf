"""What others tell devices: topics, words, order, errors."""

import pytest

from custom_components.aqara_zigbee.core import zcl
from custom_components.aqara_zigbee.core.errors import DeliveryError
from custom_components.aqara_zigbee.mirror.commands import in_order
from custom_components.aqara_zigbee.mirror.mirror import BURST, LONGEST_LANE, RATE
from custom_components.aqara_zigbee.mirror.payload import LONGEST
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
    """Written on endpoint 1 whatever the topic says (contract 5.3)."""
    await relay.ask("device/l2/set", {"interlock": True})
    assert {request.endpoint for request in relay.radio.sent} == {1}
    assert relay.states() == [{"interlock": True}]


async def test_several_keys_are_told_together(relay: Stage) -> None:
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


async def test_toggle_of_what_is_not_known(relay: Stage) -> None:
    await relay.ask("device/l2/set", "TOGGLE")
    assert relay.radio.sent == [TOGGLE_2]
    assert relay.states() == []
    relay.hear("18880a00001001", 6, endpoint=2)
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
        ("device/set", "", "Invalid message 'null', skipping..."),
        ("device/set", "bogus", "Invalid message 'null', skipping..."),
        ("device/set", '"ON"', "Invalid message 'null', skipping..."),
        ("device/set", "5", "Invalid message 'null', skipping..."),
        ("device/set", "[]", "Invalid message 'null', skipping..."),
        ("device/set", "null", "Invalid message 'null', skipping..."),
        ("device/set", "{", "Invalid message 'null', skipping..."),
        ("device/set", "[" * 5000, "Invalid message 'null', skipping..."),
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
        ("device/get", "", "Invalid message 'null', skipping..."),
    ],
)
async def test_errors(plug: Stage, topic: str, payload: str, error: str) -> None:
    await plug.ask(topic, payload)
    assert plug.errors == [error]
    assert plug.radio.sent == []
    assert plug.states() == []


async def test_errors_name_the_device_even_if_it_was_asked_by_address(plug: Stage) -> None:
    await plug.ask(f"{ADDRESS}/set", {"bogus": 1})
    assert plug.errors == ["No converter available for 'bogus' on 'device': (1)"]


async def test_a_long_value_is_not_echoed_in_full(plug: Stage) -> None:
    await plug.ask("device/set", {"bogus": "x" * 10_000})
    assert len(plug.errors[0]) < 600


async def test_asking_for_nothing(plug: Stage) -> None:
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


async def test_reading_several_goes_on_after_a_failure(plug: Stage) -> None:
    plug.radio.fall_silent()
    await plug.ask("device/get", {"state": "", "bogus": "", "power": ""})
    assert plug.errors == [
        "Publish 'get' 'state' to 'device' failed: 'Error: nobody answers'",
        "No converter available for 'bogus' on 'device': (\"\")",
        "Publish 'get' 'power' to 'device' failed: 'Error: nobody answers'",
    ]


async def test_what_is_never_told_is_told_again(plug: Stage) -> None:
    await plug.ask("device/set", {"power_outage_memory": False})
    plug.radio.sent.clear()
    await plug.ask("device/get", {"power_outage_memory": ""})
    assert plug.radio.sent == []
    assert plug.states() == [{"power_outage_memory": False}] * 2


async def test_on_for_a_while_is_refused_whole(plug: Stage) -> None:
    """A heater that was to go off by itself must not stay on."""
    await plug.ask("device/set", {"state": "ON", "on_time": 300})
    assert plug.radio.sent == []
    assert plug.errors == [
        (
            "Publish 'set' 'state' to 'device' failed: "
            "'Error: 'on_time' is not supported, so nothing was switched'"
        ),
        "No converter available for 'on_time' on 'device': (300)",
    ]
    await plug.ask("device/set", {"state": "OFF", "off_wait_time": 3})
    assert plug.radio.sent == [OFF_1]


@pytest.mark.parametrize("model", ["lumi.lock.acn02", "lumi.lock.aq1"])
async def test_locks_take_nothing(stage: Stage, model: str) -> None:
    stage.add(model)
    stage.begin()
    for payload in ("LOCK", '{"state":"UNLOCK"}', '{"reverse":"LOCK"}', '{"battery":1}'):
        await stage.ask("device/set", payload)
    await stage.ask("device/get", {"state": "", "battery": ""})
    assert len(stage.errors) == 6
    assert all(error.startswith("No converter available for '") for error in stage.errors)
    assert stage.radio.sent == []


async def test_a_model_nobody_knows_takes_nothing(stage: Stage) -> None:
    stage.add("lumi.unknown")
    stage.begin()
    await stage.ask("device/set", "ON")
    assert stage.errors == ["No converter available for 'state' on 'device': (\"ON\")"]


async def test_retained_commands_are_not_obeyed(plug: Stage) -> None:
    """They would be at every start."""
    plug.send("device/set", "ON", retained=True)
    plug.send("bridge/request/restart", "", retained=True)
    await plug.settle()
    assert plug.radio.sent == []
    assert plug.house.restarts == 0
    assert [m.content["level"] for m in plug.said("bridge/logging")] == ["warning", "warning"]


async def test_commands_of_a_device_stay_in_order(plug: Stage) -> None:
    for word in ("ON", "OFF", "ON", "OFF"):
        plug.send("device/set", word)
    await plug.settle()
    assert plug.radio.sent == [ON_1, OFF_1, ON_1, OFF_1]


async def test_a_device_has_only_so_many_waiting(plug: Stage) -> None:
    for _ in range(LONGEST_LANE + 3):
        plug.send("device/set", "ON")
    await plug.settle()
    assert len(plug.radio.sent) == LONGEST_LANE
    assert plug.errors == ["Too many messages for 'device', skipping..."]


async def test_one_device_does_not_wait_for_another(stage: Stage) -> None:
    stage.add("lumi.plug", "one")
    stage.add("lumi.plug", "two", OTHER)
    stage.begin()
    await stage.settle()
    stage.send("one/set", "ON")
    stage.send("two/set", "ON")
    assert len(stage.house.work) == 2
    await stage.settle()


async def test_a_flood_is_cut(plug: Stage) -> None:
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
    assert plug.errors == ["Invalid message 'null', skipping..."]


async def test_wishes_told_elsewhere_are_told_here(plug: Stage) -> None:
    """The switch in Home Assistant enters at the same door."""
    plug.hear(OFF, 6)
    plug.forget()
    await plug.gateway[IEEE].set("state", wish=True)
    plug.hear(ON, 6)
    assert plug.states() == [{"state": "ON"}, {"state": "ON"}]
