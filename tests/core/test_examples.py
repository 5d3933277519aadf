"""The examples in tests/fixtures at the level of definitions: frame in, changes out; wish in, frames out."""

import json
from typing import Any

import pytest

from custom_components.aqara_zigbee.core import zcl
from custom_components.aqara_zigbee.core.definition import GONE, Definition
from custom_components.aqara_zigbee.core.errors import AqaraError
from custom_components.aqara_zigbee.core.models import DEFINITIONS
from custom_components.aqara_zigbee.core.property import (
    TOGGLE,
    Binary,
    Property,
    Shown,
    Wish,
)
from custom_components.aqara_zigbee.mirror.settings import is_older_key
from tests import examples
from tests.examples import Example

DONE = examples.MODELS


def decode(example: Example) -> dict[str, Any]:
    """Return a definition's result for an example's frame, with the names of the fixtures."""
    definition = DEFINITIONS[example.zigbee_model]
    report = zcl.read_report(example.endpoint, example.cluster, example.frame)
    assert report is not None
    changes = definition.decode(report, example.options)
    rows = {row.name: row for row in (*definition.properties, *details(definition))}
    payload: dict[str, Any] = {
        name: spell(rows[name], value)
        for name, value in changes.items()
        if value is not GONE
        and Shown.PAYLOAD in rows[name].shown
        and (example.options.get("legacy", True) or not is_older_key(rows[name]))
    }
    if definition.action and "action" in payload:
        said: dict[str, Any] = {
            row.name: changes[row.name] for row in details(definition) if row.name in changes
        }
        payload["action"] = definition.action.spell(payload["action"], said)
    return payload


def details(definition: Definition) -> tuple[Property, ...]:
    """The rows that are true only together with an action."""
    return definition.action.details if definition.action else ()


def spell(row: Property, value: Any) -> Any:
    """Return a value with the names of the fixtures."""
    return (row.on if value else row.off) if isinstance(row, Binary) else value


def parse(row: Property, value: Any) -> Wish:
    """Return a wish with the core's names."""
    if not isinstance(row, Binary) or not isinstance(value, str):
        return value  # type: ignore[no-any-return]
    wishes: dict[object, Wish] = {row.on: True, row.off: False, "TOGGLE": TOGGLE}
    return wishes.get(value, value)


@pytest.mark.parametrize("example", examples.frames(*DONE))
def test_frame(example: Example) -> None:
    example.check(decode(example))


def requests(definition: Definition, example: Example) -> list[zcl.Request]:
    """Return a definition's requests for a ``/set`` or ``/get`` message."""
    body: dict[str, Any]
    if example.payload.startswith("{"):
        body = json.loads(example.payload)
    else:
        body = {"state": example.payload}
    endpoint = example.topic.split("/")[2]
    suffix = f"_{endpoint}" if endpoint in definition.endpoints else ""
    sent: list[zcl.Request] = []
    for name, value in body.items():
        row = definition[name + suffix]
        if example.kind == "set":
            sent += row.requests(parse(row, value))
        elif row.read is not None:
            sent.append(row.read.read())
    return sent


def described(request: zcl.Request) -> dict[str, Any]:
    """Return a request with the names of the examples."""
    common = {"endpoint": request.endpoint, "cluster": f"0x{request.cluster:04X}"}
    match request:
        case zcl.Command():
            return common | {"command_id": request.command, "payload_hex": request.payload.hex()}
        case zcl.ReadAttributes():
            return common | {
                "manufacturer_code": _hexadecimal(request.manufacturer),
                "attribute": [f"0x{number:04X}" for number in request.attributes],
            }
        case zcl.WriteAttributes(records=(record,)):
            return common | {
                "manufacturer_code": _hexadecimal(request.manufacturer),
                "record_hex": zcl.write_record(record).hex(),
            }
        case _:
            raise AssertionError(request)


def _hexadecimal(code: int | None) -> str | None:
    return None if code is None else f"0x{code:04X}"


def wanted(step: dict[str, Any]) -> dict[str, Any]:
    """Return the part of an example's step that `described` has."""
    kept = {"endpoint", "cluster", "command_id", "payload_hex", "manufacturer_code", "record_hex"}
    if step["op"] == "read_attribute":
        kept |= {"attribute"}
    return {key: value for key, value in step.items() if key in kept}


# The interlock can be read and is; Zigbee2MQTT's refusal is the mirror's affair.
READABLE_HERE = {"relay-interlock-get"}


@pytest.mark.parametrize("example", examples.wishes(*DONE))
def test_wish(example: Example) -> None:
    definition = DEFINITIONS[example.zigbee_model]
    try:
        sent = requests(definition, example)
    except AqaraError:
        assert example.error is not None
        sent = []
    if example.id in READABLE_HERE:
        assert described(sent[0])["attribute"] == ["0xFF06"]
    else:
        assert [described(request) for request in sent] == [wanted(step) for step in example.zigbee]


@pytest.mark.parametrize(
    "example", [pytest.param(e, id=e.id) for e in examples.load(*DONE) if e.kind == "configure"]
)
def test_what_is_sent_at_joining(example: Example) -> None:
    definition = DEFINITIONS[example.zigbee_model]
    sent = [described(request) for request in definition.on_join]
    assert sent == [wanted(step) for step in example.zigbee]


def test_prevent_reset_is_answered() -> None:
    (example,) = (e for e in examples.load("knob_h1") if e.id == "knob-prevent-reset")
    definition = DEFINITIONS[example.zigbee_model]
    report = zcl.read_report(example.endpoint, example.cluster, example.frame)
    assert report is not None
    answers = [request for reply in definition.replies for request in reply(report)]
    assert [described(request) for request in answers] == [wanted(step) for step in example.zigbee]
