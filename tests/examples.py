"""Frames with what they mean, from ``tests/fixtures``.

Each was decoded by the real Zigbee2MQTT converters. ``expected`` must come out exactly,
``may_include`` may come out besides, ``must_not_include`` must not; no other keys may appear.
"""

from dataclasses import dataclass, field
import json
from pathlib import Path
from typing import Any

import pytest

from custom_components.aqara_zigbee.core.models import DEFINITIONS, MODELS as LISTED

FIXTURES = Path(__file__).parent / "fixtures"


FILES = {table.zigbee_model: LISTED[table.zigbee_model] for table in DEFINITIONS.distinct()}
"""Device file, and so fixture, of each definition's Zigbee model identifier."""

MODELS = tuple(FILES.values())


@dataclass(frozen=True)
class Example:
    """One worked example."""

    id: str
    zigbee_model: str
    kind: str
    cluster: int = 0
    endpoint: int = 1
    frame: bytes = b""
    options: dict[str, Any] = field(default_factory=dict)
    expected: dict[str, Any] = field(default_factory=dict)
    may_include: dict[str, Any] = field(default_factory=dict)
    must_not_include: tuple[str, ...] = ()
    topic: str = ""
    payload: str = ""
    cached: dict[str, Any] = field(default_factory=dict)
    zigbee: tuple[dict[str, Any], ...] = ()
    published: dict[str, Any] = field(default_factory=dict)
    error: str | None = None

    def check(self, actual: dict[str, Any]) -> None:
        """Whether a payload is what the example demands."""
        assert {key: value for key, value in actual.items() if key not in self.may_include} == (
            self.expected
        )
        for key in actual.keys() & self.may_include.keys():
            assert actual[key] == self.may_include[key]
        assert not actual.keys() & set(self.must_not_include)


def content(name: str) -> dict[str, Any]:
    """Return a model's fixture.

    Raises:
        AssertionError: there is none; the text explains what to write.
    """
    path = FIXTURES / f"{name}.json"
    assert path.exists(), (
        f"write tests/fixtures/{name}.json: at least one frame for each source of each row of"
        f" core/devices/{name}.py, as docs/architecture.md tells"
    )
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def described(zigbee_model: str) -> dict[str, Any]:
    """Return Zigbee2MQTT's own description of a model, as written by ``scripts/exposes``.

    Raises:
        AssertionError: it was not written yet.
    """
    path = FIXTURES / f"{FILES[zigbee_model]}.exposes.json"
    assert path.exists(), f"run scripts/exposes {zigbee_model}"
    found: dict[str, Any] = json.loads(path.read_text())["definition"]
    return found


def load(*names: str) -> list[Example]:
    """The examples of some models; the names are those of the fixture files."""
    return [
        Example(
            id=raw["id"],
            zigbee_model=data["zigbee_model"],
            kind=raw["kind"],
            cluster=raw.get("cluster", 0),
            endpoint=raw.get("endpoint", 1),
            frame=bytes.fromhex(raw.get("frame_hex", "")),
            options=raw.get("options", {}),
            expected=raw.get("expected", {}),
            may_include=raw.get("may_include", {}),
            must_not_include=tuple(raw.get("must_not_include", ())),
            topic=raw.get("topic", ""),
            payload=raw.get("mqtt_payload", ""),
            cached=raw.get("cached_state_before", {}),
            zigbee=tuple(raw.get("expected_zigbee", ())),
            published=raw.get("expected_state_publish", {}),
            error=raw.get("expected_error"),
        )
        for name in names
        for data in [content(name)]
        for raw in data["examples"]
    ]


def frames(*names: str) -> list[Any]:
    """The examples that are frames, as test parameters."""
    return _parameters(names, {"attributeReport", "readResponse", "raw"})


def wishes(*names: str) -> list[Any]:
    """The examples that are ``/set`` or ``/get`` messages, as test parameters."""
    return _parameters(names, {"set", "get"})


def _parameters(names: tuple[str, ...], kinds: set[str]) -> list[Any]:
    found = [example for example in load(*names) if example.kind in kinds]
    assert found
    return [pytest.param(example, id=example.id) for example in found]
