"""From a port to a network: every way through the flow, and every way it can go wrong."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from homeassistant.components.usb import SerialPortConsumer
from homeassistant.config_entries import SOURCE_USER, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from zigpy_znp.types import MTCapabilities

from custom_components.aqara_zigbee.const import DOMAIN, VIRTUAL_PORT
from custom_components.aqara_zigbee.core.errors import StorageError
from custom_components.aqara_zigbee.radio.backup import BackupError, BackupProblem
from custom_components.aqara_zigbee.radio.migration.source import MigrationFailure, TakeoverError
from custom_components.aqara_zigbee.radio.network import RadioError, RadioProblem
from custom_components.aqara_zigbee.radio.restore import WriteError
from custom_components.aqara_zigbee.simulator.chip import Firmware
from custom_components.aqara_zigbee.simulator.home import Home
from custom_components.aqara_zigbee.simulator.port import Port
from custom_components.aqara_zigbee.simulator.stranger import Chatter, EzspAdapter, MuteAdapter
from custom_components.aqara_zigbee.storage.backup_list import OVERWRITTEN, BackupList
from tests.ha.conftest import DEVICE
from tests.ha.test_entities import TRANSLATIONS

PATH = DEVICE["path"]
Z_STACK_1 = Firmware().capabilities & ~MTCapabilities.APP_CNF
"""The subsystems of Z-Stack Home 1.2, by which zigpy-znp recognises it."""


@pytest.fixture
async def blank() -> AsyncGenerator[Home]:
    """A coordinator without a network."""
    home = Home(seed=1, speed=20)
    home.plug_in("test")
    yield home
    await home.close()


async def open_port(hass: HomeAssistant, path: object = PATH) -> dict[str, object]:
    """Go to the port step and give a path; what the flow shows after its progress."""
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert result["type"] is FlowResultType.MENU
    assert result["menu_options"] == ["port", "zigbee2mqtt", "from_backup", "virtual"]
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {"next_step_id": "port"}
    )
    assert result["type"] is FlowResultType.FORM
    return await answer(hass, result["flow_id"], {"path": path})


async def answer(
    hass: HomeAssistant, flow_id: str, user_input: dict[str, object]
) -> dict[str, object]:
    """Answer a step and wait for progress to end."""
    result = await hass.config_entries.flow.async_configure(flow_id, user_input)
    async with asyncio.timeout(60):
        while result["type"] in (
            FlowResultType.SHOW_PROGRESS,
            FlowResultType.SHOW_PROGRESS_DONE,
        ):
            await hass.async_block_till_done()
            result = await hass.config_entries.flow.async_configure(flow_id)
            await asyncio.sleep(0.02)
    return dict(result)


async def unload_all(hass: HomeAssistant) -> None:
    """Take down what a flow has set up."""
    for entry in hass.config_entries.async_entries(DOMAIN):
        if entry.state is ConfigEntryState.LOADED:
            await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()


async def test_warning_about_z_stack_1(hass: HomeAssistant) -> None:
    """Before anything is written, also when the coordinator is blank; then its network is written.

    The memory of the virtual coordinator is that of Z-Stack 3, so that zigpy-znp cannot read it in the other format.
    """
    firmware = replace(Firmware(), capabilities=Z_STACK_1, revision=20190608)
    async with Home(seed=1, speed=20, firmware=firmware) as old:
        old.plug_in("test")
        result = await open_port(hass)
        assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "old_firmware")
        assert result["description_placeholders"] == {"path": PATH}
        before = old.records.network
        await answer(hass, str(result["flow_id"]), {})
        assert (before, old.records.network is None) == (None, False)
        await unload_all(hass)


async def test_blank_coordinator_is_formed_without_asking(hass: HomeAssistant, blank: Home) -> None:
    result = await open_port(hass, f" {PATH} ")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == f"CC2652 ({blank.ieee[-5:]})"
    assert result["data"] == {"device": DEVICE}
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert entry.unique_id is not None
    assert entry.unique_id.startswith("epid=")
    assert entry.state is ConfigEntryState.LOADED
    await unload_all(hass)


async def test_network_can_be_kept(hass: HomeAssistant, home: Home) -> None:
    before = home.records.network
    result = await open_port(hass)
    assert result["type"] is FlowResultType.MENU
    assert result["step_id"] == "network"
    assert result["menu_options"] == ["keep", "zigbee2mqtt", "upload_backup", "form"]
    assert result["description_placeholders"]["channel"] == "15"  # type: ignore[index]
    result = await answer(hass, str(result["flow_id"]), {"next_step_id": "keep"})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert home.records.network == before
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert before is not None
    assert entry.unique_id == f"epid={before.extended_pan[::-1].hex(':')}"
    await unload_all(hass)


async def test_network_can_be_formed_again(hass: HomeAssistant, home: Home) -> None:
    before = home.records.network
    result = await open_port(hass)
    flow_id = str(result["flow_id"])
    result = await answer(hass, flow_id, {"next_step_id": "form"})
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "form")
    assert home.records.network == before, "it is asked first"
    assert "Channel: 15" in str(result["description_placeholders"])
    result = await answer(hass, flow_id, {})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert len(await BackupList(hass, OVERWRITTEN).all()) == 1, "it was backed up"
    assert before is not None
    assert home.records.network is not None
    assert home.records.network.extended_pan != before.extended_pan
    await unload_all(hass)


async def test_network_of_another_program_can_be_migrated(hass: HomeAssistant, home: Home) -> None:
    """Whoever finds it on the coordinator goes to its files from there, and keeps the port."""
    result = await open_port(hass)
    result = await answer(hass, str(result["flow_id"]), {"next_step_id": "zigbee2mqtt"})
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "zigbee2mqtt")


async def test_network_that_is_set_up_already(hass: HomeAssistant, home: Home) -> None:
    result = await open_port(hass)
    await answer(hass, str(result["flow_id"]), {"next_step_id": "keep"})
    await unload_all(hass)
    home.port.plug_in("elsewhere")
    result = await open_port(hass, "virtual://elsewhere")
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"


async def test_port_that_is_set_up_already(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    result = await open_port(hass)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"


@pytest.mark.parametrize("path", ["virtual://nowhere", "/dev/nowhere", "nonsense://"])
async def test_missing_port(hass: HomeAssistant, blank: Home, path: str) -> None:
    result = await open_port(hass, path)
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == {"base": "port_not_found"}
    result = await answer(hass, str(result["flow_id"]), {"path": PATH})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await unload_all(hass)


async def test_busy_port(hass: HomeAssistant, blank: Home) -> None:
    class Host:
        """Another program."""

        def deliver(self, data: bytes) -> None:
            """Not needed."""

        def drop(self, error: Exception | None) -> None:
            """Never."""

    host = Host()
    blank.port.attach(host)
    result = await open_port(hass)
    assert result["errors"] == {"base": "port_busy"}
    blank.port.detach(host)
    result = await answer(hass, str(result["flow_id"]), {"path": PATH})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await unload_all(hass)


@pytest.mark.parametrize(
    ("stick", "error"),
    [(MuteAdapter(), "no_answer"), (EzspAdapter(), "not_zstack"), (Chatter(), "not_zstack")],
)
async def test_no_zstack(hass: HomeAssistant, blank: Home, stick: MuteAdapter, error: str) -> None:
    """The right coordinator can be chosen afterwards."""
    port = Port(stick)
    port.plug_in("wrong")
    result = await open_port(hass, "virtual://wrong")
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == {"base": error}
    assert port.line is None, "the port was not released"
    await port.close()
    result = await answer(hass, str(result["flow_id"]), {"path": PATH})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await unload_all(hass)


async def test_coordinator_that_cannot_be_written(hass: HomeAssistant, blank: Home) -> None:
    blank.faults.nv_writes_fail = True
    result = await open_port(hass)
    assert result["errors"] == {"base": "radio_failed"}
    assert blank.port.line is None
    blank.faults.clear()
    result = await answer(hass, str(result["flow_id"]), {"path": PATH})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await unload_all(hass)


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        *((RadioError(problem), problem.value) for problem in RadioProblem),
        (BackupError(BackupProblem.TOO_MANY_DEVICES), "backup_too_many_devices"),
        (BackupError(BackupProblem.LINK_KEYS), "backup_link_keys"),
        (TakeoverError(MigrationFailure.UNREADABLE, "state.json"), "file_unreadable"),
        (StorageError("No space left on device"), "storage_failed"),
        (WriteError(), "write_failed"),
        (LookupError("of ours"), "unknown"),
    ],
)
async def test_each_failure_at_the_port_has_a_text(
    hass: HomeAssistant, blank: Home, failure: Exception, error: str
) -> None:
    """Whatever is done at the port; and the next attempts do not repeat them."""
    with patch("custom_components.aqara_zigbee.flows.port.probe", side_effect=failure):
        result = await open_port(hass)
    assert (result["step_id"], result["errors"]) == ("port", {"base": error})
    assert TRANSLATIONS["config"]["error"][error]
    placeholders: Any = result["description_placeholders"]
    assert placeholders["file"] == ("state.json" if error == "file_unreadable" else "")
    result = await answer(hass, str(result["flow_id"]), {"path": "/dev/nowhere"})
    assert result["errors"] == {"base": "port_not_found"}
    result = await answer(hass, str(result["flow_id"]), {"path": PATH})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await unload_all(hass)


@pytest.mark.parametrize(
    ("domain", "error"), [("zha", "port_used_by_zha"), ("deconz", "port_in_use")]
)
async def test_used_port_is_refused(
    hass: HomeAssistant, blank: Home, domain: str, error: str
) -> None:
    """Home Assistant knows who owns a port by where the entry keeps it."""
    idle, owner = (
        SerialPortConsumer(
            kind="config_entry", title=title, active=active, domain=domain, config_entry_id=title
        )
        for title, active in (("Disabled", False), ("ConBee", True))
    )
    with patch(
        "homeassistant.components.usb.async_get_serial_port_consumers",
        return_value={PATH: [idle, owner], "/dev/other": [owner]},
    ):
        result = await open_port(hass)
    assert result["errors"] == {"base": error}
    assert error in TRANSLATIONS["config"]["error"]
    assert result["description_placeholders"]["owner"] == "ConBee"  # type: ignore[index]
    result = await answer(hass, str(result["flow_id"]), {"path": PATH})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await unload_all(hass)


async def test_virtual(hass: HomeAssistant) -> None:
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {"next_step_id": "virtual"}
    )
    assert result["type"] is FlowResultType.FORM
    result = await hass.config_entries.flow.async_configure(result["flow_id"], {})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"]["device"]["path"] == VIRTUAL_PORT
    assert result["result"].unique_id == VIRTUAL_PORT
    await hass.async_block_till_done()
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert entry.state is ConfigEntryState.LOADED
    again = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    again = await hass.config_entries.flow.async_configure(
        again["flow_id"], {"next_step_id": "virtual"}
    )
    assert again["reason"] == "already_configured"
    await unload_all(hass)


async def test_leaving_in_between_releases_the_port(hass: HomeAssistant, blank: Home) -> None:
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    flow_id = result["flow_id"]
    await hass.config_entries.flow.async_configure(flow_id, {"next_step_id": "port"})
    await hass.config_entries.flow.async_configure(flow_id, {"path": PATH})
    hass.config_entries.flow.async_abort(flow_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert blank.port.line is None
