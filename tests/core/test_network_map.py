"""Scanning neighbor tables, arranging them as a tree, and drawing it."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
import json
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from custom_components.aqara_zigbee.core.errors import DeliveryError
from custom_components.aqara_zigbee.core.network_drawing import draw, draw_message
from custom_components.aqara_zigbee.core.network_scan import (
    Kind,
    NetworkScanner,
    Scan,
    ScannedDevice,
    arrange,
    table,
)
from custom_components.aqara_zigbee.core.radio import Ieee, Neighbour

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=3)


def received(ieee: Ieee, quality: int, relation: int = 2) -> Neighbour:
    """An entry of a neighbor table."""
    return Neighbour(ieee, 1, 1, relation, 1, quality)


SCAN = Scan(
    NOW,
    "hub",
    (
        ScannedDevice("hub", Kind.COORDINATOR),
        ScannedDevice("near", Kind.ROUTER),
        ScannedDevice("far", Kind.ROUTER),
        ScannedDevice("mute", Kind.ROUTER),
        ScannedDevice("lost", Kind.ROUTER, available=False, last_seen=LONG_AGO),
        ScannedDevice("child", Kind.END_DEVICE, last_seen=NOW),
        ScannedDevice("overheard", Kind.END_DEVICE, available=False),
    ),
    {
        "hub": (
            received("near", 200),
            received("far", 40),
            received("child", 250, 3),
            received("gone", 9, 4),
        ),
        "near": (received("hub", 150, 0), received("far", 90), received("overheard", 30, 3)),
        "far": (
            received("near", 120),
            received("mute", 70),
            received("child", 50, 1),
            received("guest", 5),
        ),
    },
    frozenset({"mute", "lost"}),
)


class Words:
    """Keys as texts."""

    def __getitem__(self, key: str) -> str:
        return key

    def put(self, key: str, **values: object) -> str:
        """The key and what is put in."""
        return f"{key} {' '.join(map(str, values.values()))}"


_TEXT = "{http://www.w3.org/2000/svg}text"


def picture(scan: Scan, **names: str) -> list[str]:
    """All texts of a picture, from top to bottom."""
    svg = draw(scan, names, Words(), lambda time: f"{time:%d.%m.}")
    return [" ".join(text.itertext()) for text in ET.fromstring(svg).iter(_TEXT)]


def test_strongest_links_make_a_tree() -> None:
    """The weaker direction counts; an end device belongs to the one that calls it its child."""
    places = {place.member.ieee: place for place in arrange(SCAN)}
    assert {
        ieee: (each.parent, each.link_quality, each.depth) for ieee, each in places.items()
    } == {
        "hub": (None, None, 0),
        "near": ("hub", 150, 1),
        "far": ("near", 90, 2),
        "mute": ("far", 70, 3),
        "child": ("far", 50, 3),
        "guest": ("far", 5, 3),
        "overheard": ("near", 30, 2),
        "lost": (None, None, 0),
    }
    assert list(places) == ["hub", "near", "far", "mute", "child", "guest", "overheard", "lost"]
    assert places["guest"].member.kind is Kind.UNKNOWN


def test_order_does_not_depend_on_who_is_named_first() -> None:
    turned = replace(
        SCAN,
        members=SCAN.members[:1] + SCAN.members[:0:-1],
        tables={ieee: rows[::-1] for ieee, rows in list(SCAN.tables.items())[::-1]},
    )
    assert arrange(turned) == arrange(SCAN)
    assert picture(turned) == picture(SCAN)


def test_drawing_has_every_device() -> None:
    texts = picture(SCAN, near="Plug", far="Relay", overheard="Knob", lost="Old plug")
    assert texts[:3] == ["title", "scanned 26.11.", "link_quality ● good ● fair ● weak"]
    assert texts[3:] == [
        *("hub", "coordinator"),
        *("Plug", "router", "150"),
        *("Relay", "router", "90"),
        *("mute", "router · unanswered", "70"),
        *("child", "end_device", "50"),
        *("unknown", "guest", "5"),
        *("Knob", "never_seen", "30"),
        *("unheard", "Old plug", "silent 23.11."),
    ]


@pytest.mark.parametrize(
    "name", ['<script>alert("1")</script>', "]]>&lt;", "a\x00b\x1b[0m\ud800\ufffe", "\u202edrow"]
)
def test_names_are_only_text(name: str) -> None:
    shown = picture(SCAN, near=name)
    assert "".join(char for char in name if char.isprintable())[:20] in " ".join(shown)
    svg = draw(SCAN, {"near": name}, Words(), str)
    tags = {each.tag.rpartition("}")[2] for each in ET.fromstring(svg.encode()).iter()}
    assert tags <= {"svg", "title", "style", "rect", "text", "tspan", "g", "circle", "path"}


@pytest.mark.parametrize("name", ["x" * 90, "客厅" * 40])
def test_long_names_end_before_the_numbers(name: str) -> None:
    (shown,) = [text for text in picture(SCAN, near=name) if text.endswith("…")]
    assert 10 < len(shown) < 40


def test_message() -> None:
    assert "nothing &amp; yet" in draw_message("t", ["nothing & yet"])


def test_scan_survives_as_json() -> None:
    assert Scan.from_dict(json.loads(json.dumps(SCAN.as_dict()))) == SCAN


def test_table() -> None:
    found: dict[str, Any] = json.loads(json.dumps(table(SCAN)))
    rows = {row["ieee"]: row for row in found["devices"]}
    assert rows["lost"]["last_seen"] == LONG_AGO.isoformat()
    assert [rows[ieee]["answered"] for ieee in ("near", "lost", "child")] == [True, False, None]
    assert {"from": "mute", "to": "far", "link_quality": 70, "relation": 2, "depth": 1} in found[
        "links"
    ]
    assert all(link["from"] != "gone" for link in found["links"]), "a former child is no link"


class Radio:
    """One that answers when it is allowed to."""

    def __init__(self) -> None:
        self.asked = 0
        self.is_gone = False
        self.may_answer = asyncio.Event()

    @property
    def coordinator(self) -> ScannedDevice:
        """Only its address is used."""
        return SCAN.members[0]

    async def neighbours(self, ieee: Ieee) -> Sequence[Neighbour]:
        """A table of the scan."""
        self.asked += 1
        await self.may_answer.wait()
        if self.is_gone:
            raise DeliveryError("gone")
        return SCAN.tables[ieee]


async def test_concurrent_scans_share_the_result() -> None:
    radio = Radio()
    scanner = NetworkScanner(lambda: radio, {})  # type: ignore[arg-type, return-value]
    seen: list[Scan] = []
    unsubscribe = scanner.subscribe(seen.append)
    both = [asyncio.create_task(scanner.scan(lambda: NOW)) for _ in range(2)]
    await asyncio.sleep(0)
    radio.may_answer.set()
    first, second = await asyncio.gather(*both)
    assert first is second
    assert radio.asked == 1
    assert await scanner.scan(lambda: NOW) == first
    assert radio.asked == 2, "a later one is a scan of its own"
    assert scanner.last == first
    assert seen[0] is first
    unsubscribe()


async def test_last_scan_stays_without_the_coordinator() -> None:
    radio = Radio()
    scanner = NetworkScanner(lambda: radio, {})  # type: ignore[arg-type, return-value]
    radio.may_answer.set()
    good = await scanner.scan(lambda: NOW)
    radio.is_gone = True
    assert (await scanner.scan(lambda: NOW)).failed == {"hub"}
    assert scanner.last is good
