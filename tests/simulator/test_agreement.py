"""Simulated devices and definitions agree, though neither imports the other."""

from annotationlib import Format
import inspect

import pytest

from custom_components.aqara_zigbee.core import zcl
from custom_components.aqara_zigbee.core.definition import Definition
from custom_components.aqara_zigbee.core.models import DEFINITIONS
from custom_components.aqara_zigbee.core.zcl import Report
from custom_components.aqara_zigbee.simulator.actions import actions_of
from custom_components.aqara_zigbee.simulator.devices import MODELS as SIMULATED, Lumi
from custom_components.aqara_zigbee.simulator.node import Node
from custom_components.aqara_zigbee.simulator.zcl import Frame

from .bench import Bench

EVERY_MODEL = pytest.mark.parametrize(
    "definition", DEFINITIONS.distinct(), ids=lambda each: each.model
)
ARGUMENTS = {"float": 21.5, "int": 1, "bool": True}
"""Arguments of actions by type."""

COMMON = {name for name, _ in inspect.getmembers(Lumi) if name not in {"heartbeat", "introduce"}}
"""Actions of any device: joining, leaving, loss of power."""


def reports(bench: Bench) -> list[Report]:
    """Return the reports sent until now, as the core reads them."""
    read = [zcl.read_report(each.endpoint, each.cluster, each.data) for each in bench.said]
    return [report for report in read if report is not None]


def send(bench: Bench, node: Node, request: zcl.Request) -> Frame:
    """Send a definition's request to a device; return its answer."""
    frame = Frame.parse(zcl.write_frame(request, 9))
    node.awake_until = bench.clock.now() + 1
    answers = bench.send(node, request.cluster, frame, endpoint=request.endpoint)
    return next(
        answer for answer in answers if answer.sequence == 9 and not answer.cluster_specific
    )


def act(node: Node, bench: Bench) -> None:
    """Do all actions of a device's own kind."""
    for name, action in actions_of(node).items():
        if name in COMMON:
            continue
        parameters = inspect.signature(action, annotation_format=Format.STRING).parameters.values()
        needed = [each for each in parameters if each.default is inspect.Parameter.empty]
        action(*(ARGUMENTS[each.annotation] for each in needed))
        bench.wait(40)


@EVERY_MODEL
def test_reports_of_a_simulated_device_are_decoded(bench: Bench, definition: Definition) -> None:
    """No report is rejected, and at least one has a property of the definition."""
    node = bench.add(SIMULATED[definition.zigbee_model]())
    for request in definition.on_join:
        send(bench, node, request)
    act(node, bench)
    told: set[str] = set()
    for report in reports(bench):
        reading = definition.read(report, {})
        assert reading.rejected == frozenset(), report
        told |= reading.changes.keys()
    assert told & {row.name for row in definition.properties if row.category is None}


@EVERY_MODEL
def test_a_simulated_device_accepts_the_writes_of_the_definition(
    bench: Bench, definition: Definition
) -> None:
    """Write both limits of numbers and all values; the last octet of the response is its status."""
    node = bench.add(SIMULATED[definition.zigbee_model]())
    for row in definition.properties:
        for value in row.limits_to_set() if row.settable else ():
            for request in row.requests(value):
                assert send(bench, node, request).payload[-1] == 0x00, (row.name, value)


@EVERY_MODEL
def test_a_simulated_device_answers_the_reads_of_the_definition(
    bench: Bench, definition: Definition
) -> None:
    node = bench.add(SIMULATED[definition.zigbee_model]())
    for name in definition.refresh:
        attribute = definition[name].read
        assert attribute is not None
        assert send(bench, node, attribute.read()).payload[2] == 0x00, name
