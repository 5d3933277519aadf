"""The contract's examples as messages: frame in, state out; ``/set`` and ``/get`` in, frames out."""

import json

import pytest

from tests import examples
from tests.core.test_examples import described, wanted
from tests.examples import Example
from tests.mirror.stage import Stage

NAME = "FRIENDLY_NAME"

READ_BACK = {"relay-interlock-on", "relay-interlock-off"}
"""What is read before it is told; Zigbee2MQTT believes the wish."""


@pytest.mark.parametrize("example", examples.frames(*examples.MODELS))
def test_frame(stage: Stage, example: Example) -> None:
    stage.add(example.zigbee_model, NAME, **example.options)
    stage.begin()
    stage.hear(example.frame.hex(), example.cluster, example.endpoint)
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
        # It hears only after it spoke; then it takes the wish, and is read.
        assert stage.radio.sent == []
        stage.hear("18670a5500210700", 0x12)
        await stage.settle()
    sent = [described(request) for request in stage.radio.sent]
    steps = [wanted(step) for step in example.zigbee]
    is_read_back = bool(steps) and (waits or example.id in READ_BACK)
    assert sent[: len(steps)] == steps
    assert len(sent) == len(steps) + is_read_back
    expected = [{**example.cached, **example.published}] if example.published else []
    assert stage.states(NAME) == expected


def test_examples_are_all_here() -> None:
    """What neither test above takes up is set-up, which concerns no topic."""
    kinds = {example.kind for example in examples.load(*examples.MODELS)}
    assert kinds == {"attributeReport", "readResponse", "raw", "set", "get", "configure"}
