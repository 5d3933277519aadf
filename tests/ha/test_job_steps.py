"""docs/comparison.md: each job of a coordinator takes the steps that are listed there, and no more.

A step that shows nothing to fill in or to decide would be one too many.
"""

from pathlib import Path

from homeassistant.config_entries import SOURCE_USB, SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.aqara_zigbee.config_flow import ADD_DEVICE
from custom_components.aqara_zigbee.const import DOMAIN
from custom_components.aqara_zigbee.simulator import Home, Plug
from custom_components.aqara_zigbee.storage.backup_list import Reason
from tests.ha.conftest import until
from tests.ha.dialogue import Dialogue
from tests.ha.test_config_flow import answer
from tests.ha.test_reconfigure import Entry, gateway_of, new, stick, up  # noqa: F401 - fixtures

TABLE = Path(__file__).parents[2] / "docs" / "comparison.md"
OPEN_MENU = ["⋮", "Reconfigure"]


def rows() -> list[list[str]]:
    """Return the cells of the table."""
    lines = [line for line in TABLE.read_text().splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


def listed(job: str) -> list[str]:
    """Return the steps of a job with this integration."""
    (row,) = [row for row in rows() if row[0] == job]
    return row[1].partition(": ")[2].split(", ")


def count(cell: str) -> int:
    """Return the number at the beginning of a cell."""
    return int(cell.partition(":")[0])


def test_counts_are_those_of_the_steps_and_not_above_those_of_others() -> None:
    for job, ours, *others in rows():
        for cell in (ours, *others):
            number, _, steps = cell.partition(": ")
            assert not steps or int(number) == len(steps.split(", ")), (job, cell)
        assert all(count(ours) <= count(cell) for cell in others if cell[0].isdigit()), job


@pytest.mark.parametrize(
    ("job", "is_formed"),
    [("Set up a coordinator that was discovered", False), ("… and keep its network", True)],
)
async def test_discovered_coordinator(
    hass: HomeAssistant,
    new: Home,  # noqa: F811
    job: str,
    is_formed: bool,
) -> None:
    if is_formed:
        new.form()
    found = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_USB}, data=stick()
    )
    steps = ["Add"]
    shown = await answer(hass, found["flow_id"], {})
    steps.append("Submit")
    if is_formed:
        shown = await answer(hass, found["flow_id"], {"next_step_id": "keep"})
        steps.append("Keep")
    assert shown["type"] is FlowResultType.CREATE_ENTRY
    assert [*steps, "Finish"] == listed(job)
    await hass.async_block_till_done()
    await hass.config_entries.async_unload(hass.config_entries.async_entries(DOMAIN)[0].entry_id)


async def test_typed_port(
    hass: HomeAssistant,
    dialogue: Dialogue,
    new: Home,  # noqa: F811
) -> None:
    """Home Assistant's list of ports is opened for it. The only discovered one is selected already."""
    shown = await dialogue.start()
    steps = ["Add hub"]
    shown = await dialogue.choose("port")
    steps.append("Set up")
    assert "description" not in shown["data_schema"][0]
    steps += ["open the list", "Enter manually", "port"]
    shown = await dialogue.submit(path="virtual://new")
    steps.append("Submit")
    assert shown["type"] == "create_entry"
    assert [*steps, "Finish"] == listed("Set up a coordinator with a typed port")
    await hass.async_block_till_done()
    await hass.config_entries.async_unload(hass.config_entries.async_entries(DOMAIN)[0].entry_id)


async def test_pairing(
    hass: HomeAssistant,
    home: Home,
    up: Entry,  # noqa: F811
) -> None:
    flows = hass.config_entries.subentries
    shown = await flows.async_init((up.entry_id, ADD_DEVICE), context={"source": SOURCE_USER})
    steps = ["Add device"]
    home.network.search(home.add(Plug()))
    flow_id = shown["flow_id"]
    while shown["type"] is not FlowResultType.FORM:
        await hass.async_block_till_done()
        shown = await flows.async_configure(flow_id)
    shown = await flows.async_configure(flow_id, {"name": "Kettle"})
    steps.append("name")
    assert (shown["type"], shown["reason"]) == (FlowResultType.ABORT, "finished")
    assert [*steps, "Close"] == listed("Pair a device and name it")


async def test_download(dialogue: Dialogue, up: Entry) -> None:  # noqa: F811
    assert up.runtime_data.own is not None
    await up.runtime_data.own.backups.make(Reason.ASKED)
    await dialogue.options(up.entry_id)
    assert "href" in dialogue.text
    assert listed("Download a backup") == ["Configure", "the newest backup"]


async def test_restore(dialogue: Dialogue, up: Entry) -> None:  # noqa: F811
    assert up.runtime_data.own is not None
    newest = await up.runtime_data.own.backups.make(Reason.ASKED)
    await dialogue.start(up.entry_id)
    shown = await dialogue.choose("restore_here")
    steps = [*OPEN_MENU, "Restore"]
    for _ in range(2):  # the newest backup, and what is overwritten
        data = {"backup": newest.id} if shown["step_id"] == "choose_backup" else {}
        shown = await dialogue.submit(**data)
        steps.append("Submit")
    assert shown["reason"] == "restored"
    assert [*steps, "Close"] == listed("Restore a stored backup")


async def test_replacement(
    hass: HomeAssistant,
    dialogue: Dialogue,
    home: Home,
    new: Home,  # noqa: F811
    up: Entry,  # noqa: F811
) -> None:
    assert up.runtime_data.own is not None
    newest = await up.runtime_data.own.backups.make(Reason.ASKED)
    home.unplug()
    await until(lambda: not gateway_of(up).online)
    await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USB}, data=stick())
    await dialogue.start(up.entry_id)
    shown = await dialogue.choose("replace")
    steps = [*OPEN_MENU, "Replace"]
    backup, port = shown["data_schema"]
    selected = {"backup": backup["default"], "path": port["description"]["suggested_value"]}
    assert selected == {"backup": newest.id, "path": "virtual://new"}
    shown = await dialogue.submit(**selected)
    steps.append("Submit")
    assert shown["reason"] == "replaced"
    assert [*steps, "Close"] == listed("Replace a coordinator that no longer works")
    await hass.async_block_till_done()
