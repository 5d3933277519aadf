"""From a port to a network: every way through the flow, and every way it can go wrong."""

import asyncio
from collections.abc import AsyncGenerator
from unittest.mock import patch

from homeassistant.components.usb import SerialPortConsumer
from homeassistant.config_entries import SOURCE_USER, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.aqara_zigbee.const import DOMAIN
from custom_components.aqara_zigbee.radio.virtual.home import Home
from custom_components.aqara_zigbee.radio.virtual.port import Port
from custom_components.aqara_zigbee.radio.virtual.stranger import Chatter, EzspStick, MuteStick
from custom_components.aqara_zigbee.simulation import URL
from tests.ha.conftest import DEVICE

PATH = DEVICE["path"]


@pytest.fixture
async def blank() -> AsyncGenerator[Home]:
    """A stick without a network."""
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


async def test_blank_stick_is_formed_without_asking(hass: HomeAssistant, blank: Home) -> None:
    result = await open_port(hass, f" {PATH} ")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "Texas Instruments CC2652"
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
    assert result["menu_options"] == ["keep", "upload_backup", "form"]
    assert result["description_placeholders"]["channel"] == "15"  # type: ignore[index]
    result = await answer(hass, str(result["flow_id"]), {"next_step_id": "keep"})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert home.records.network == before
    await unload_all(hass)


async def test_network_can_be_formed_anew(hass: HomeAssistant, home: Home) -> None:
    before = home.records.network
    result = await open_port(hass)
    result = await answer(hass, str(result["flow_id"]), {"next_step_id": "form"})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert home.records.network is not None
    assert before is not None
    assert home.records.network.extended_pan != before.extended_pan
    await unload_all(hass)


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
async def test_nothing_there(hass: HomeAssistant, blank: Home, path: str) -> None:
    result = await open_port(hass, path)
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == {"base": "port_not_found"}
    result = await answer(hass, str(result["flow_id"]), {"path": PATH})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await unload_all(hass)


async def test_busy_port(hass: HomeAssistant, blank: Home) -> None:
    class Host:
        """Somebody else."""

        def deliver(self, data: bytes) -> None:
            """Not asked for."""

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
    [(MuteStick(), "no_answer"), (EzspStick(), "not_zstack"), (Chatter(), "not_zstack")],
)
async def test_no_zstack(hass: HomeAssistant, stick: MuteStick, error: str) -> None:
    port = Port(stick)
    port.plug_in("test")
    result = await open_port(hass)
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == {"base": error}
    assert port.line is None, "the port was not released"
    await port.close()


async def test_stick_that_cannot_be_written(hass: HomeAssistant, blank: Home) -> None:
    blank.faults.nv_writes_fail = True
    result = await open_port(hass)
    assert result["errors"] == {"base": "radio_failed"}
    assert blank.port.line is None
    blank.faults.clear()
    result = await answer(hass, str(result["flow_id"]), {"path": PATH})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await unload_all(hass)


async def test_port_of_zha_is_named_and_refused(hass: HomeAssistant, blank: Home) -> None:
    """Home Assistant knows who owns a port by where the entry keeps it."""
    idle, owner = (
        SerialPortConsumer(
            kind="config_entry", title=title, active=active, domain="zha", config_entry_id=title
        )
        for title, active in (("Disabled", False), ("ConBee", True))
    )
    with patch(
        "homeassistant.components.usb.async_get_serial_port_consumers",
        return_value={PATH: [idle, owner], "/dev/other": [owner]},
    ):
        result = await open_port(hass)
    assert result["errors"] == {"base": "port_in_use"}
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
    assert result["data"]["device"]["path"] == URL
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
