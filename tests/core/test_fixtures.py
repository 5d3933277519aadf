"""No row without a frame that proves it."""

from collections.abc import Iterator

import pytest

from custom_components.aqara_zigbee.core import zcl
from custom_components.aqara_zigbee.core.definition import Definition
from custom_components.aqara_zigbee.core.models import DEFINITIONS
from custom_components.aqara_zigbee.core.property import Row
from custom_components.aqara_zigbee.core.source import Address
from tests import examples

EVERY_MODEL = pytest.mark.parametrize("definition", DEFINITIONS.values(), ids=lambda one: one.model)


def rows(definition: Definition) -> Iterator[Row]:
    """All rows of a definition, with those that come with an action."""
    yield from definition.properties
    if definition.action is not None:
        yield from definition.action.details


def decoded(definition: Definition) -> Iterator[tuple[set[Address], dict[str, object]]]:
    """Yield each example frame's addresses of a model, and their values."""
    for example in examples.load(examples.FILES[definition.zigbee_model]):
        report = zcl.read_report(example.endpoint, example.cluster, example.frame)
        if report is not None:
            carried = {address for address, _ in definition.unpack(report)}
            yield carried, dict(definition.decode(report, example.options))


@EVERY_MODEL
def test_every_source_occurs_in_a_frame(definition: Definition) -> None:
    """And the row has a meaning in one of the frames that carry the source."""
    frames = list(decoded(definition))
    missing = [
        f"{row.name}: {source.address}"
        for row in rows(definition)
        for source in row.sources
        if not any(source.address in carried and row.name in said for carried, said in frames)
    ]
    assert missing == [], (
        f"add a frame to tests/fixtures/{examples.FILES[definition.zigbee_model]}.json for each"
    )


@EVERY_MODEL
def test_every_event_occurs_in_a_frame(definition: Definition) -> None:
    """All actions that reach Home Assistant; Zigbee2MQTT documents some that no frame brings."""
    if definition.action is None:
        return
    name = definition.action.name
    said = {changes.get(name) for _, changes in decoded(definition)}
    assert {word for event in definition.action.events for word in event.types} <= said
