"""YAML as the specification of 1.2.2 has it, and files that are none."""

import math
from typing import Any

import pytest

from custom_components.aqara_zigbee.radio.migration.core_yaml import load


@pytest.mark.parametrize(
    ("text", "value"),
    [
        # The examples of 10.3.2 of the specification.
        ("[~, null, Null, NULL]", [None] * 4),
        ("[true, True, false, FALSE]", [True, True, False, False]),
        ("[0, 0o7, 0x3A, -19]", [0, 7, 58, -19]),
        ("[0., -0.0, .5, +12e03, -2E+05]", [0.0, -0.0, 0.5, 12e3, -2e5]),
        ("[.inf, -.Inf, +.INF, .NAN]", [math.inf, -math.inf, math.inf, math.nan]),
        # What 1.1 reads otherwise: a name stays a name.
        ("[on, Off, yes, NO, y, n]", ["on", "Off", "yes", "NO", "y", "n"]),
        ("[12:30, 1:2.5]", ["12:30", "1:2.5"]),
        ("[010, -0x10, +0o11]", [10, -16, 9]),
        ("[1_000, 0b11, 2026-11-20]", ["1_000", "0b11", "2026-11-20"]),
        ("[=, '', nothing:]", ["=", "", {"nothing": None}]),
        ("name: <<", {"name": "<<"}),
        ("a: &a {x: 1}\nb: {<<: *a, y: 2}", {"a": {"x": 1}, "b": {"x": 1, "y": 2}}),
        # What a tag stands for is not in the file, and nothing is built from one.
        ("[!secret key, !include [a], !!python/name:os.system {x: 1}]", [None] * 3),
        ("", None),
    ],
)
def test_values(text: str, value: Any) -> None:
    assert repr(load(text.encode())) == repr(value), "of the same types"


@pytest.mark.parametrize(
    "text",
    [
        b"\xff\xfe\x00",
        b"a: [",
        b"a: b: c",
        b"*nobody",
        b"? [a]\n: b",
        b"!!timestamp soon",
        b"!!timestamp 2026-99-99",
        b"!!float '" + b"1:" * 200 + b"1'",
        b"!!float ''",
        b"!!int {a: 1}",
        b"!!int ''",
        b"!!bool maybe",
        b"!!binary ''\xc3\xa4",
        b"[" * 5000,
        b"9" * 5000,
    ],
)
def test_no_yaml(text: bytes) -> None:
    """The error does not quote it: there may be a key in it."""
    with pytest.raises(ValueError, match=r"^not YAML$") as error:
        load(text)
    assert error.value.__cause__ is None
