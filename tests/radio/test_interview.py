"""Devices with an unfinished interview: a known model's report is sufficient at any time."""

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
import sqlite3

import pytest

from custom_components.aqara_zigbee.core.radio import Node as Described
from custom_components.aqara_zigbee.radio import interview
from custom_components.aqara_zigbee.radio.adapter import ZigpyRadio
from custom_components.aqara_zigbee.radio.migration import database
from custom_components.aqara_zigbee.simulator import Home, Knob, LockS2
from custom_components.aqara_zigbee.simulator.node import Node
from tests.radio.conftest import RecordingListener
from tests.simulator.host import until


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use short timeouts for interviews."""
    monkeypatch.setattr(interview, "PATIENCE", 0.3)


def unfinished(home: Home, node: Node, *, model: str | None = None) -> Described:
    """A device that sleeps on the network, and what another program knew of it."""
    home.add(node)
    home.network.enrol(node)
    home.faults.mute(node)
    return Described(node.ieee, node.nwk, model=model, is_complete=False)


@pytest.mark.parametrize("kind", [LockS2, Knob])
async def test_an_unfinished_device_of_the_database_announces_its_model(
    home: Home, stored: ZigpyRadio, listener: RecordingListener, tmp_path: Path, kind: type[Node]
) -> None:
    """It does not answer, and is known by its report, also after a restart."""
    node = kind()
    path = tmp_path / "zigbee.db"
    await database.create(path, [(unfinished(home, node), datetime.now(UTC))])
    await stored.start()
    node.report(0x0000, (0x0005, 0x42, node.MODEL.encode()))
    await until(lambda: ("interviewed", node.ieee) in listener.events)
    assert listener.nodes[node.ieee].model == node.MODEL
    listener.reports.clear()
    node.report(0x0006, (0x0000, 0x10, True))
    await until(lambda: listener.reports)
    await stored.stop()
    listener.nodes.clear()
    await stored.start()
    assert listener.nodes[node.ieee].model == node.MODEL
    assert listener.nodes[node.ieee].is_complete


async def test_an_unfinished_device_with_a_stored_model_is_accepted(
    home: Home, stored: ZigpyRadio, listener: RecordingListener, tmp_path: Path
) -> None:
    node = LockS2()
    path = tmp_path / "zigbee.db"
    known = unfinished(home, node, model=node.MODEL)
    complete = Described(
        known.ieee,
        known.nwk,
        node.MODEL,
        "LUMI",
        is_complete=True,
        manufacturer_code=0x1037,
        logical_type=2,
        mac_capabilities=0x80,
    )
    await database.create(path, [(complete, datetime.now(UTC))])
    with closing(sqlite3.connect(path)) as file, file:
        (table,) = file.execute(
            "SELECT name FROM sqlite_master WHERE name GLOB 'node_descriptors_v[0-9]*'"
        ).fetchone()
        file.execute(f"DELETE FROM {table}")
    await stored.start()
    assert listener.nodes[node.ieee].is_complete
    node.report(0x0006, (0x0000, 0x10, True))
    await until(lambda: listener.reports)


async def test_an_unknown_model_is_not_accepted_by_its_report(
    home: Home, stored: ZigpyRadio, listener: RecordingListener, tmp_path: Path
) -> None:
    node = LockS2()
    path = tmp_path / "zigbee.db"
    await database.create(path, [(unfinished(home, node), None)])
    await stored.start()
    node.report(0x0000, (0x0005, 0x42, b"lumi.nobody"))
    home.faults.mute(node, mute=False)
    node.listens_for = 60.0
    node.report(0x0000, (0x0005, 0x42, b"lumi.nobody"))
    await until(lambda: ("interviewed", node.ieee) in listener.events)
    assert listener.nodes[node.ieee].model == node.MODEL, "it was asked"
