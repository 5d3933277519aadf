"""ZHA's network, beside a ZHA that is played here; `tests/zha` has the real one."""

from collections.abc import Callable, Iterator
import sys
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest.mock import Mock, patch

from homeassistant.config_entries import SOURCE_INTEGRATION_DISCOVERY, SOURCE_USER, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import AbortFlow, FlowResultType
from homeassistant.exceptions import ConfigEntryNotReady
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.aqara_zigbee import guest, host
from custom_components.aqara_zigbee.const import DOMAIN
from custom_components.aqara_zigbee.core.events import NetworkEvent
from custom_components.aqara_zigbee.guest import Attachment, async_setup_retries, stored_models
from custom_components.aqara_zigbee.registry import registered_device
from custom_components.aqara_zigbee.storage.store import Memory
from custom_components.aqara_zigbee.watch import issues
from tests.core.network import IEEE, NOON, Home, node

OTHER = "00:15:8d:00:01:a1:b2:c5"
EPID = "00:11:22:33:44:55:66:77"


@pytest.fixture
def zha(hass: HomeAssistant) -> Iterator[MockConfigEntry]:
    """ZHA's config entry, loaded."""
    entry = MockConfigEntry(
        domain="zha", title="ZHA", data={"radio_type": "ezsp"}, state=ConfigEntryState.LOADED
    )
    entry.add_to_hass(hass)
    yield entry
    entry.mock_state(hass, ConfigEntryState.NOT_LOADED)


@pytest.fixture
def entry(hass: HomeAssistant) -> MockConfigEntry:
    """Ours for ZHA's network."""
    entry = MockConfigEntry(domain=DOMAIN, data={"host": "zha"}, unique_id=f"epid={EPID}")
    entry.add_to_hass(hass)
    return entry


def found(extended_pan_id: str = EPID, model: str = "lumi.plug") -> Any:
    """ZHA, running with one device."""
    return SimpleNamespace(
        app=object(),
        reinterview=None,
        radio_type="ezsp",
        title="ZHA",
        extended_pan_id=extended_pan_id,
        models={IEEE: model},
    )


@pytest.fixture
def running() -> Iterator[Mock]:
    """The result of `host.running`; None at first."""
    with patch.object(host, "running", return_value=None) as running:
        yield running


# The host


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("ZHA", "ZHA network"),
        ("zha", "ZHA network"),
        ("ConBee (USB)", "ZHA network · ConBee (USB)"),
    ],
)
async def test_discovery_is_named_after_zha_unless_it_has_no_other_name(
    hass: HomeAssistant, running: Mock, title: str, name: str
) -> None:
    there = found()
    there.title = title
    running.return_value = there
    with patch.object(host, "follow", return_value=lambda: None):
        await hass.config_entries.flow.async_init(
            DOMAIN, context={"source": SOURCE_INTEGRATION_DISCOVERY}, data={}
        )
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["title_placeholders"] == {"name": name}
    hass.config_entries.flow.async_abort(flow["flow_id"])


@pytest.fixture
def helpers(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module of ZHA's integration that hands its gateway out."""
    helpers = ModuleType("homeassistant.components.zha.helpers")
    monkeypatch.setitem(sys.modules, "homeassistant.components.zha", ModuleType("zha"))
    monkeypatch.setitem(sys.modules, helpers.__name__, helpers)
    return helpers


def hand_out(helpers: ModuleType, get: Callable[[HomeAssistant], object]) -> None:
    vars(helpers)["get_zha_gateway"] = get


async def test_zha_while_it_runs(
    hass: HomeAssistant, zha: MockConfigEntry, helpers: ModuleType
) -> None:
    app = object()
    hand_out(helpers, lambda _: SimpleNamespace(application_controller=app))
    there = host.running(hass)
    assert there is not None
    assert (there.app, there.radio_type, there.title) == (app, "ezsp", "ZHA")
    assert there.reinterview is None
    zha.mock_state(hass, ConfigEntryState.SETUP_RETRY)
    assert host.running(hass) is None


@pytest.mark.parametrize("gateway", [SimpleNamespace(application_controller=None), ValueError])
async def test_zha_between_two_states(
    hass: HomeAssistant, zha: MockConfigEntry, helpers: ModuleType, gateway: Any
) -> None:
    """Its entry is loaded, its application not there yet or gone already."""
    hand_out(helpers, Mock(side_effect=[gateway]))
    assert host.running(hass) is None


@pytest.mark.parametrize("gateway", [SimpleNamespace(), TypeError, KeyError, ImportError])
async def test_zha_of_an_unknown_version(
    hass: HomeAssistant, zha: MockConfigEntry, helpers: ModuleType, gateway: Any
) -> None:
    hand_out(helpers, Mock(side_effect=[gateway]))
    with pytest.raises(host.HostChangedError):
        host.running(hass)


async def test_start_that_waits_for_zha_is_retried_when_zha_is_running(
    hass: HomeAssistant, zha: MockConfigEntry, entry: MockConfigEntry
) -> None:
    other = MockConfigEntry(domain=DOMAIN, data={}, state=ConfigEntryState.SETUP_RETRY)
    other.add_to_hass(hass)
    async_setup_retries(hass)
    with patch.object(hass.config_entries, "async_schedule_reload") as reload:
        for state, ours in (
            (ConfigEntryState.SETUP_RETRY, ConfigEntryState.SETUP_RETRY),
            (ConfigEntryState.LOADED, ConfigEntryState.LOADED),
        ):
            entry.mock_state(hass, ours)
            zha.mock_state(hass, state)
            hass.config_entries.async_update_entry(zha, title=str(state))
            reload.assert_not_called()
        entry.mock_state(hass, ConfigEntryState.SETUP_RETRY)
        hass.config_entries.async_update_entry(zha, title="up")
        reload.assert_called_once_with(entry.entry_id)


# The step of the config flow


async def choose(hass: HomeAssistant) -> dict[str, Any]:
    """Choose ZHA's network, whether it is offered or not."""
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert result["type"] is FlowResultType.MENU
    flow = hass.config_entries.flow._progress[result["flow_id"]]
    is_offered = "zha_network" in result["menu_options"]
    shown: Any
    try:
        shown = await flow.async_step_zha_network()  # type: ignore[attr-defined]
    except AbortFlow as abort:
        shown = {
            "reason": abort.reason,
            "description_placeholders": abort.description_placeholders,
        }
    hass.config_entries.flow.async_abort(flow.flow_id)
    return {**shown, "offered": is_offered}


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ({"return_value": None}, "zha_not_running"),
        ({"side_effect": host.HostChangedError}, "zha_changed"),
    ],
)
async def test_unusable_zha_is_not_offered(
    hass: HomeAssistant, running: Mock, state: dict[str, Any], reason: str
) -> None:
    """Nor used by a dialog that was open before."""
    running.configure_mock(**state)
    shown = await choose(hass)
    assert (shown["offered"], shown["reason"]) == (False, reason)


async def test_devices_are_counted(hass: HomeAssistant, running: Mock) -> None:
    running.return_value = found()
    shown = await choose(hass)
    assert shown["offered"]
    assert shown["description_placeholders"]["devices"] == "1 × Mi smart plug"
    running.return_value = found(model="virtual.other")
    assert (await choose(hass))["description_placeholders"]["devices"] == "–"


async def test_devices_of_an_own_network_come_first(hass: HomeAssistant, running: Mock) -> None:
    """Their entities have the same ids."""
    own = MockConfigEntry(domain=DOMAIN, data={"device": {"path": "/dev/x"}})
    own.add_to_hass(hass)
    dr.async_get(hass).async_get_or_create(
        config_entry_id=own.entry_id, identifiers={(DOMAIN, IEEE)}, name="Kettle"
    )
    running.return_value = found()
    shown = await choose(hass)
    assert shown["reason"] == "devices_on_own_network"
    assert shown["description_placeholders"] == {"devices": "Kettle"}


# Following ZHA


class PlayedRadio:
    """Attached or not."""

    def __init__(self) -> None:
        self.app: object | None = None
        self.members: set[str] = set()
        self.forgotten: list[str] = []

    def attach(self, app: object, _reinterview: object, _radio_type: str) -> None:
        """To ZHA's application."""
        self.app = app

    def detach(self) -> None:
        """From it."""
        self.app = None

    def forget(self, ieee: str) -> None:
        """A device, and its model."""
        self.forgotten.append(ieee)

    def last_seen(self, _ieee: str) -> None:
        """Nothing was received."""


class Attached:
    """An attachment and what it is attached to."""

    def __init__(self, hass: HomeAssistant, entry: MockConfigEntry) -> None:
        self.home = Home()
        self.gateway = self.home.gateway
        self.radio = PlayedRadio()
        radio: Any = self.radio
        self.attachment = Attachment(hass, entry, radio, self.gateway, Memory(hass, entry.entry_id))


@pytest.fixture
def attached(hass: HomeAssistant, entry: MockConfigEntry) -> Iterator[Attached]:
    attached = Attached(hass, entry)
    yield attached
    attached.home.close()


@pytest.mark.parametrize("there", [None, found("76:54:00:00:00:00:00:00")], ids=["none", "other"])
async def test_start_waits_for_the_right_network(
    running: Mock, attached: Attached, there: object
) -> None:
    running.return_value = there
    with pytest.raises(ConfigEntryNotReady):
        attached.attachment.attach()
    assert attached.radio.app is None


async def test_zha_that_has_changed_is_a_repair(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    running: Mock,
    attached: Attached,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    running.side_effect = host.HostChangedError("no gateway")
    report = Mock()
    monkeypatch.setattr(issues, "report", report)
    with pytest.raises(ConfigEntryNotReady):
        attached.attachment.attach()
    report.assert_called_once_with(hass, entry, guest.CHANGED)


async def test_devices_removed_while_zha_was_not_running_are_deleted(
    hass: HomeAssistant, zha: MockConfigEntry, running: Mock, attached: Attached
) -> None:
    """ZHA restarts with another application object; what is still there is available again."""
    for ieee in (IEEE, OTHER):
        attached.gateway.known(node("lumi.plug", ieee), NOON)
    running.return_value = first = found()
    attached.attachment.attach()
    attached.attachment.follow()
    hass.config_entries.async_update_entry(zha, title="the same")
    assert (attached.radio.app, attached.gateway.online) == (first.app, True)
    running.return_value = None
    hass.config_entries.async_update_entry(zha, title="gone")
    assert (attached.radio.app, attached.gateway.online) == (None, False)
    running.return_value = second = found()
    attached.radio.members = {IEEE}
    gone: list[str] = []
    attached.gateway.subscribe(
        lambda event, device: gone.append(device.ieee) if event is NetworkEvent.REMOVED else None
    )
    hass.config_entries.async_update_entry(zha, title="back")
    assert (attached.radio.app, attached.gateway.online) == (second.app, True)
    assert gone == attached.radio.forgotten == [OTHER]


async def test_new_devices_are_configured(attached: Attached) -> None:
    """Those of before are not."""
    attached.gateway.known(node("lumi.plug"), NOON)
    attached.gateway.known(node("lumi.plug", OTHER), NOON).last_seen = NOON
    described: list[str] = []
    attached.gateway.subscribe(
        lambda event, device: (
            described.append(device.ieee) if event is NetworkEvent.INTERVIEWED else None
        )
    )
    attached.attachment.welcome()
    assert described == [IEEE]


async def test_names_follow_zha_until_they_are_changed_here(
    hass: HomeAssistant, zha: MockConfigEntry, entry: MockConfigEntry, attached: Attached
) -> None:
    registry = dr.async_get(hass)
    theirs = registry.async_get_or_create(
        config_entry_id=zha.entry_id, identifiers={("zha", IEEE)}, connections={("zigbee", IEEE)}
    )
    alone = registry.async_get_or_create(
        config_entry_id=zha.entry_id, identifiers={("zha", OTHER)}, connections={("zigbee", OTHER)}
    )
    registry.async_update_device(theirs.id, name_by_user="Kettle")
    attached.gateway.known(node("lumi.plug"), NOON)
    attached.attachment.copy_places()
    attached.attachment.follow()

    def name() -> str | None:
        ours = registered_device(hass, entry.entry_id, IEEE)
        assert ours is not None
        return ours.name_by_user

    assert name() == "Kettle"
    registry.async_update_device(alone.id, name_by_user="Not ours")
    registry.async_update_device(theirs.id, name_by_user="Tea")
    await hass.async_block_till_done()
    assert name() == "Tea"
    ours = registered_device(hass, entry.entry_id, IEEE)
    assert ours is not None
    registry.async_update_device(ours.id, name_by_user="Mine")
    registry.async_update_device(theirs.id, name_by_user="Coffee")
    registry.async_remove_device(alone.id)
    await hass.async_block_till_done()
    assert name() == "Mine"


@pytest.mark.parametrize(
    "stored",
    [
        {},
        {"devices": []},
        {"devices": {IEEE: None, OTHER: {"node": {"model": 7}}}},
        {"devices": {IEEE: {"node": []}, OTHER: {}}},
    ],
)
def test_invalid_stored_models(stored: dict[str, Any]) -> None:
    assert stored_models(stored) == {}


def test_stored_models() -> None:
    stored = {"devices": {IEEE: {"node": {"model": "lumi.plug"}}, OTHER: {"node": {"model": None}}}}
    assert stored_models(stored) == {IEEE: "lumi.plug"}
