"""The examples in tests/fixtures as messages: frame in, state out; ``/set`` and ``/get`` in, frames out."""

import json

import pytest

from custom_components.aqara_zigbee.core.device import Device
from tests import examples
from tests.core.test_examples import described, wanted
from tests.examples import Example
from tests.mirror.stage import Stage

NAME = "FRIENDLY_NAME"


def is_read_back(device: Device, example: Example) -> bool:
    """Whether a write is read back before it is published; Zigbee2MQTT publishes it at once."""
    if example.kind != "set" or not example.zigbee or not example.payload.startswith("{"):
        return False
    definition = device.definition
    assert definition is not None
    return any(
        definition[key].read_back for key in json.loads(example.payload) if key in definition
    )


@pytest.mark.parametrize("example", examples.frames(*examples.MODELS))
def test_frame(stage: Stage, example: Example) -> None:
    stage.add(example.zigbee_model, NAME, **example.options)
    stage.begin()
    stage.receive(example.frame.hex(), example.cluster, example.endpoint)
    messages = stage.said(NAME)
    assert bool(example.expected) <= bool(messages) <= bool(example.expected or example.may_include)
    for message, state in zip(messages, stage.states(NAME), strict=True):
        example.check(state)
        assert message.payload == json.dumps(
            message.content, sort_keys=True, separators=(",", ":"), ensure_ascii=False
        )


@pytest.mark.parametrize("example", examples.wishes(*examples.MODELS))
async def test_wish(stage: Stage, example: Example) -> None:
    device = stage.add(example.zigbee_model, NAME)
    device.state |= {name: value == "ON" for name, value in example.cached.items()}
    stage.begin()
    await stage.ask(example.topic.removeprefix("zigbee2mqtt/"), example.payload)
    assert stage.errors == ([example.error] if example.error else [])
    waits = device.is_sleepy and example.kind == "set"
    if waits:
        # It receives only after it sent something; then it gets the write and the read.
        assert stage.radio.sent == []
        stage.receive("18670a5500210700", 0x12)
        await stage.settle()
    sent = [described(request) for request in stage.radio.sent]
    steps = [wanted(step) for step in example.zigbee]
    assert sent[: len(steps)] == steps
    assert len(sent) == len(steps) + is_read_back(device, example)
    expected = [{**example.cached, **example.published}] if example.published else []
    assert stage.states(NAME) == expected


def test_every_example_is_used() -> None:
    """The examples in neither test above are set-up, which concerns no topic."""
    kinds = {example.kind for example in examples.load(*examples.MODELS)}
    assert kinds == {"attributeReport", "readResponse", "raw", "set", "get", "configure"}
