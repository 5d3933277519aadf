"""A damaged device database is rebuilt from other data."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.core.radio import Endpoint, Node
from custom_components.aqara_zigbee.core.stored import node_as_dict, node_from
from custom_components.aqara_zigbee.flows import database_repair
from custom_components.aqara_zigbee.flows.database_repair import nodes_of
from custom_components.aqara_zigbee.simulator.devices import Knob, Plug
from custom_components.aqara_zigbee.simulator.home import Home
from custom_components.aqara_zigbee.storage.backup_list import Reason
from custom_components.aqara_zigbee.storage.files import database_path
from custom_components.aqara_zigbee.storage.store import Memory
from tests.awkward import ODD
from tests.ha.conftest import NAME, entity_id, join, until
from tests.ha.test_repairs import Repair, repair  # noqa: F401 - a fixture
from tests.ha.test_storage import NO_SPACE

IEEE = "00:15:8d:00:01:a1:b2:c4"
NODE = Node(
    IEEE,
    0x1234,
    "lumi.plug",
    "LUMI",
    True,
    0x115F,
    1,
    0x8E,
    {1: Endpoint(0x104, 81, (0, 6), (10,))},
)


async def damage(hass: HomeAssistant, entry: MockConfigEntry, share: float) -> Path:
    """Cut the database, as a bad disk does, and let the entry fail."""
    await hass.config_entries.async_unload(entry.entry_id)
    path = database_path(hass, entry.entry_id)
    content = await hass.async_add_executor_job(path.read_bytes)
    await hass.async_add_executor_job(path.write_bytes, content[: int(len(content) * share)])
    await hass.config_entries.async_setup(entry.entry_id)
    state: object = entry.state
    assert state is ConfigEntryState.SETUP_ERROR
    assert entry.error_reason_translation_key == "database_unusable"
    return path


@pytest.mark.parametrize("share", [0.5, 0.02])
async def test_devices_are_back(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    entry: MockConfigEntry,
    repair: Repair,  # noqa: F811
    share: float,
) -> None:
    """With what they are, their options and entities; and they obey."""
    plug = Plug()
    before = await join(home, gateway, plug)
    knob = await join(home, gateway, Knob())
    await before.configure({"description": "kept"})
    switch = entity_id(hass, before, "state")
    path = await damage(hass, entry, share)
    await repair.begin(f"database_unusable_{entry.entry_id}")
    shown = await repair.wait()
    assert shown["step_id"] == "confirm"
    assert shown["description_placeholders"]["complete"] == "2"
    await repair.answer()
    result = await repair.wait()
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    again: Gateway = entry.runtime_data.gateway
    assert again[plug.ieee].node == before.node
    assert again[knob.ieee].definition is knob.definition
    assert again[plug.ieee].options["description"] == "kept"
    assert path.with_name(f"{path.name}.damaged").exists()
    await hass.services.async_call("switch", "turn_on", {"entity_id": switch}, blocking=True)
    await until(lambda: plug.on[0])


async def test_devices_that_only_the_coordinator_has(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    entry: MockConfigEntry,
    repair: Repair,  # noqa: F811
) -> None:
    plug = Plug()
    await join(home, gateway, plug)
    await hass.config_entries.async_unload(entry.entry_id)
    await Memory(hass, entry.entry_id).remove()
    await damage(hass, entry, 0.5)
    await repair.begin(f"database_unusable_{entry.entry_id}")
    shown = await repair.wait()
    assert shown["description_placeholders"]["incomplete"] == "1"
    await repair.answer()
    await repair.wait()
    assert plug.ieee in entry.runtime_data.gateway


async def test_errors_are_shown(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    entry: MockConfigEntry,
    repair: Repair,  # noqa: F811
) -> None:
    """A coordinator that is not there, a full disk, something unexpected, and no start at the end."""
    await join(home, gateway, Plug())
    await entry.runtime_data.own.backups.make(Reason.ASKED)
    path = await damage(hass, entry, 0.5)
    home.unplug()
    await repair.begin(f"database_unusable_{entry.entry_id}")
    shown = await repair.wait()
    assert (shown["step_id"], shown["errors"]) == ("unreachable", {"base": "port_not_found"})
    home.plug_in(NAME)
    await repair.answer()
    assert (await repair.wait())["step_id"] == "confirm"
    for error, text in ((NO_SPACE, "storage_failed"), (RuntimeError("odd"), "unknown")):
        with patch(f"{database_repair.__name__}.database.create", side_effect=error):
            await repair.answer()
            shown = await repair.wait()
        assert (shown["step_id"], shown["errors"]) == ("confirm", {"base": text})
        assert not path.with_name(f"{path.name}.damaged").exists(), "nothing was changed"
    home.unplug()
    await repair.answer()
    result = await repair.wait()
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "not_up")
    home.plug_in(NAME)
    await hass.config_entries.async_reload(entry.entry_id)


async def test_repair_of_a_solved_problem(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry
) -> None:
    late = database_repair.DatabaseRepair(entry.entry_id)
    late.hass = hass
    late.flow_id, late.handler = "flow", "aqara_zigbee"
    result = await late.async_step_init()
    assert result["type"] is FlowResultType.CREATE_ENTRY


def test_node_there_and_back() -> None:
    assert node_from(IEEE, 0x1234, node_as_dict(NODE)) == NODE


@pytest.mark.parametrize("value", ODD, ids=lambda value: repr(value)[:30])
def test_node_that_was_damaged(value: Any) -> None:
    """It is a node in any case."""
    for name in node_as_dict(NODE):
        found = node_from(IEEE, 1, {**node_as_dict(NODE), name: value})
        assert (found.ieee, found.nwk) == (IEEE, 1)
    assert node_from(IEEE, 1, value) == Node(IEEE, 1)


def test_addresses() -> None:
    """The coordinator's is used; no device gets another one's."""
    other, third = IEEE[:-1] + "5", IEEE[:-1] + "6"
    stored = {
        IEEE: {"node": node_as_dict(NODE), "last_seen": "2026-11-20T12:00:00+00:00"},
        other: {"node": {**node_as_dict(NODE), "nwk": 7}},
        third: None,
    }
    found = nodes_of(stored, {IEEE: 7})
    assert [(node.ieee, node.nwk) for node, _ in found] == [
        (IEEE, 7),
        (other, 0xFFFE),
        (third, 0xFFFE),
    ]
    assert found[0][1] == datetime(2026, 11, 20, 12, tzinfo=UTC)
