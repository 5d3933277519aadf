"""YAML as Zigbee2MQTT reads it: the core schema of YAML 1.2 (yaml.org/spec/1.2.2, 10.3).

PyYAML supports only version 1.1, where ``on`` is a boolean and ``12:30`` a number to the base 60.
Merging with ``<<`` is an extension that Zigbee2MQTT's parser supports, too.
"""

import re
from typing import Any, override

import yaml

_BOOL, _INT, _FLOAT, _NULL = (
    f"tag:yaml.org,2002:{name}" for name in ("bool", "int", "float", "null")
)
_MERGE = "tag:yaml.org,2002:merge"

_PATTERNS = (
    (_BOOL, r"true|True|TRUE|false|False|FALSE", "tTfF"),
    (_INT, r"[-+]?(?:0o[0-7]+|0x[0-9a-fA-F]+|[0-9]+)", "-+0123456789"),
    (
        _FLOAT,
        (
            r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
            r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
        ),
        "-+0123456789.",
    ),
    (_NULL, r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    (_MERGE, r"<<", "<"),
)

_FAULTS = (
    yaml.YAMLError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""Exceptions of PyYAML for invalid documents and values."""

_BASES = {"0o": 8, "0x": 16}


class _Loader(yaml.SafeLoader):
    """Reads plain data, without objects of tags."""

    yaml_implicit_resolvers: dict[str, list[Any]] = {}  # noqa: RUF012 - as PyYAML declares it

    @override
    def construct_undefined(self, node: yaml.Node) -> None:
        """Return None for ``!secret`` and similar tags, whose value is not in the file."""

    @override
    def construct_yaml_int(self, node: yaml.ScalarNode) -> int:
        """Return a number with the prefixes of the core schema; leading zeros have no meaning."""
        text = node.value
        sign = -1 if text.startswith("-") else 1
        digits = text.lstrip("+-")
        base = _BASES.get(digits[:2], 10)
        return sign * int(digits[2:] if base != 10 else digits, base)


for _tag, _pattern, _first in _PATTERNS:
    _Loader.add_implicit_resolver(_tag, re.compile(f"(?:{_pattern})\\Z"), list(_first))  # type: ignore[no-untyped-call]
_Loader.add_constructor(_INT, _Loader.construct_yaml_int)  # type: ignore[no-untyped-call]
_Loader.add_constructor(_MERGE, _Loader.construct_yaml_str)  # type: ignore[no-untyped-call]
_Loader.add_constructor(None, _Loader.construct_undefined)  # type: ignore[no-untyped-call]


def load(data: bytes) -> Any:
    """Return the content of a document.

    Raises:
        ValueError: it is not YAML. The message does not quote it.
    """
    try:
        return yaml.load(data, _Loader)  # type: ignore[no-untyped-call]  # noqa: S506
    except _FAULTS:
        raise ValueError("not YAML") from None
