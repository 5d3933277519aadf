"""Values that are possible in JSON or Python, and must be checked before use."""

from typing import Any

BIG = 2**63

UNKEEPABLE: list[Any] = [
    BIG,
    -BIG - 1,
    10**400,
    3.4028234663852886e38,
    -1e300,
    float("nan"),
    float("inf"),
    float("-inf"),
    "\ud83d",
    "ring \udc00 bell",
    "x" * 1001,
    b"octets",
    [float("nan")],
    ["fine", {"deep": ["\udfff"]}],
    {"\ud800": 1},
    {1: "a key that is no text"},
    {"a": {"b": {"c": {"d": {"e": 1}}}}},
    [[[[[1]]]]],
    [0] * 1001,
    [[0] * 40] * 40,
    {str(number): number for number in range(1001)},
    {1, 2},
    ...,
]
"""Values that JSON, UTF-8 or 64 bits cannot represent, or that are too large."""

ODD: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    1,
    2,
    0.5,
    -0.0,
    5e-324,
    BIG - 1,
    -BIG,
    1e18,
    "",
    " ",
    "\0",
    "null",
    "true",
    "12",
    "ünïcode 🔔",
    "x" * 1000,
    [],
    [None],
    ["a", 1],
    {},
    {"a": None},
    {"1": "name"},
    {"1": 2},
    {"power": {"base": 1, "since": "yesterday"}},
    {"power": {"base": "1", "since": "2026-11-20T12:00:00+00:00"}},
    {"power": 1},
    [[[[1]]]],
]
"""Valid JSON that is invalid for nearly all settings."""
