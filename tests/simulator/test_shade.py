"""The roller shade's motor."""

import pytest

from custom_components.aqara_zigbee.simulator.devices import Shade
from custom_components.aqara_zigbee.simulator.zcl import Status, Type

from .bench import Bench

POSITION, MOTOR, LUMI = 0x000D, 0x0013, 0xFCC0


@pytest.mark.parametrize(("word", "target"), [(0, 0), (1, 100)])
def test_open_and_close(bench: Bench, word: int, target: float) -> None:
    shade = bench.add(Shade())
    shade.position = 50
    bench.write(shade, MOTOR, 0x0055, Type.U16, word, code=None)
    bench.wait(30)
    assert shade.position == target


@pytest.mark.parametrize(
    ("cluster", "attribute", "kind", "value", "code"),
    [
        (MOTOR, 0x0055, Type.U16, 7, None),
        (POSITION, 0x0055, Type.FLOAT, 101.0, None),
        (LUMI, 0x0408, Type.U8, 3, 0x115F),
    ],
)
def test_invalid_commands_are_rejected(
    bench: Bench, cluster: int, attribute: int, kind: Type, value: float, code: int | None
) -> None:
    shade = bench.add(Shade())
    answer = bench.write(shade, cluster, attribute, kind, value, code=code)
    assert answer.payload[0] == Status.INVALID_VALUE
    assert (shade.position, shade.speed) == (100, 1)
