"""Equivalent entities in ZHA: ours are disabled by default, or ZHA's by choice."""

from datetime import timedelta

from homeassistant.components.zha.helpers import get_zha_gateway
from homeassistant.config_entries import (
    RELOAD_AFTER_UPDATE_DELAY,
    ConfigEntry,
    ConfigEntryDisabler,
    ConfigEntryState,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed
import zigpy.types as t

from custom_components.aqara_zigbee.const import DOMAIN
from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.core.models import DEFINITIONS
from custom_components.aqara_zigbee.core.property import Property
from custom_components.aqara_zigbee.platforms import parts_of
from custom_components.aqara_zigbee.registry import registered_device
from custom_components.aqara_zigbee.runtime import CONF_DISABLED
from custom_components.aqara_zigbee.simulator.devices import Plug, Relay
from custom_components.aqara_zigbee.simulator.home import Home
from custom_components.aqara_zigbee.simulator.node import Node
from custom_components.aqara_zigbee.storage.files import memory_path
from tests.ha.conftest import entity_id, state, until
from tests.ha.dialogue import Dialogue
from tests.zha.test_guest import app_of, join_both, join_zha


def entities_of_zha(
    hass: HomeAssistant, zha: MockConfigEntry, node: Node
) -> dict[str, er.RegistryEntry]:
    """ZHA's entities of a device by unique id."""
    registry = dr.async_get(hass)
    theirs = registry.async_get_device_by_identifier(("zha", node.ieee), zha.entry_id)
    assert theirs is not None
    found = er.async_entries_for_device(
        er.async_get(hass), theirs.id, include_disabled_entities=True
    )
    return {each.unique_id: each for each in found}


@pytest.mark.parametrize("shows_doubles", [False])
@pytest.mark.parametrize("kind", [Plug, Relay])
async def test_rows_that_zha_covers_are_disabled_by_default(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    guest_entry: MockConfigEntry,
    kind: type[Node],
) -> None:
    """Those alone; all others are as on our own coordinator."""
    node = kind()
    device = await join_both(hass, home, gateway, node)
    ours = registered_device(hass, guest_entry.entry_id, node.ieee)
    assert ours is not None
    entities = er.async_entries_for_device(
        er.async_get(hass), ours.id, include_disabled_entities=True
    )
    found = {each.unique_id.rpartition("-")[2]: each.disabled_by for each in entities}
    assert device.definition is not None
    checked = 0
    for row in parts_of(device.definition):
        if not isinstance(row, Property) or row.name not in found:
            continue
        by_default = row.enabled and not row.zha
        expected = None if by_default else er.RegistryEntryDisabler.INTEGRATION
        assert found[row.name] is expected, row.name
        checked += 1
    assert checked > 5


def test_which_rows_zha_covers() -> None:
    covered = {
        (definition.model, row.name)
        for definition in DEFINITIONS.values()
        for row in definition.properties
        if isinstance(row, Property) and row.zha
    }
    assert covered == {("ZNCZ02LM", "state"), ("ZNCZ02LM", "power")}


async def test_zha_covers_them(
    hass: HomeAssistant, home: Home, gateway: Gateway, zha: MockConfigEntry
) -> None:
    """ZHA's entities follow the device as ours do."""
    plug = Plug()
    device = await join_both(hass, home, gateway, plug)
    theirs = entities_of_zha(hass, zha, plug)
    switch, power = theirs[f"{plug.ieee}-1"], theirs[f"{plug.ieee}-1-2820"]
    plug.set_load(40.0)
    plug.press()
    await until(lambda: hass.states.is_state(switch.entity_id, "on"), 30)
    plug.report_power()
    await until(lambda: float(state(hass, device, "power").state) == 40)
    await until(lambda: hass.states.is_state(power.entity_id, "40.0"), 30)


async def test_registered_entities_stay_as_they_are(
    hass: HomeAssistant, home: Home, gateway: Gateway
) -> None:
    """Those of `tests.zha.conftest.enable_doubles` were registered before."""
    device = await join_both(hass, home, gateway, Plug())
    for name in ("state", "power"):
        entry = er.async_get(hass).async_get(entity_id(hass, device, name))
        assert entry is not None
        assert entry.disabled_by is None


def disablers(
    hass: HomeAssistant, zha: MockConfigEntry, node: Node
) -> dict[str, er.RegistryEntryDisabler | None]:
    """Return who disabled ZHA's entities of a device, by the ends of their unique ids."""
    found = entities_of_zha(hass, zha, node)
    return {key.removeprefix(f"{node.ieee}-"): each.disabled_by for key, each in found.items()}


INTEGRATION = er.RegistryEntryDisabler.INTEGRATION
USER = er.RegistryEntryDisabler.USER

VOLTAGE, SUMMATION = "1-2820-rms_voltage", "1-1794-summation_delivered"
BY_ZHA = {"1-0-rssi", "1-0-lqi"}
UPDATE = "1-25-firmware_update"


async def choose_in_options(
    dialogue: Dialogue, entry: MockConfigEntry | ConfigEntry, *, disable: bool
) -> None:
    """Choose in the options whether ZHA's entities are disabled."""
    await dialogue.options(entry.entry_id)
    await dialogue.choose("zha_entities")
    shown = await dialogue.submit(disable_zha_entities=disable)
    assert shown["type"] == "create_entry"


async def test_choice_in_the_flow_and_back_in_the_options(
    hass: HomeAssistant, home: Home, zha: MockConfigEntry, dialogue: Dialogue
) -> None:
    """Entities that the user disabled or enabled are kept; later ones are disabled, too."""
    registry = er.async_get(hass)
    plug, relay = Plug(), Relay()
    await join_zha(hass, home, plug)
    registry.async_update_entity(
        entities_of_zha(hass, zha, plug)[f"{plug.ieee}-{VOLTAGE}"].entity_id, disabled_by=USER
    )
    before = disablers(hass, zha, plug)
    await dialogue.start()
    await dialogue.choose("zha_network")
    await dialogue.submit(disable_zha_entities=True)
    await hass.async_block_till_done()
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert disablers(hass, zha, plug) == dict.fromkeys(before, INTEGRATION) | {
        VOLTAGE: USER,
        UPDATE: None,
    }
    gateway: Gateway = entry.runtime_data.gateway
    await until(lambda: state(hass, gateway[plug.ieee], "state").state == "off")
    assert hass.states.get(entities_of_zha(hass, zha, plug)[f"{plug.ieee}-1"].entity_id) is None

    mine = entities_of_zha(hass, zha, plug)[f"{plug.ieee}-{SUMMATION}"].entity_id
    registry.async_update_entity(mine, disabled_by=None)
    await join_both(hass, home, gateway, relay)
    await until(lambda: disablers(hass, zha, relay)["1"] is INTEGRATION, 30)
    await hass.async_block_till_done()
    assert {key for key, by in disablers(hass, zha, relay).items() if by is None} == {UPDATE}
    light = entities_of_zha(hass, zha, relay)[f"{relay.ieee}-1"].entity_id
    assert hass.states.get(light) is None
    assert disablers(hass, zha, plug)[SUMMATION] is None

    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert disablers(hass, zha, plug)[SUMMATION] is None
    assert disablers(hass, zha, plug)["1"] is INTEGRATION

    await choose_in_options(dialogue, entry, disable=False)
    await hass.async_block_till_done()
    assert disablers(hass, zha, plug) == before
    assert {key for key, by in disablers(hass, zha, relay).items() if by} == BY_ZHA
    assert CONF_DISABLED not in entry.data
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize("shows_doubles", [False])
async def test_choice_in_the_options_until_the_entry_is_removed(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    zha: MockConfigEntry,
    guest_entry: MockConfigEntry,
    dialogue: Dialogue,
) -> None:
    """Entities disabled here because of ZHA are enabled then. ZHA may be disabled in the end."""
    plug = Plug()
    device = await join_both(hass, home, gateway, plug)
    registry = er.async_get(hass)
    before = disablers(hass, zha, plug)
    await choose_in_options(dialogue, guest_entry, disable=True)
    await until(lambda: disablers(hass, zha, plug)["1"] is INTEGRATION)
    for name in ("state", "power"):
        ours = registry.async_get(entity_id(hass, device, name))
        assert ours is not None
        assert ours.disabled_by is None
    await hass.config_entries.async_set_disabled_by(zha.entry_id, ConfigEntryDisabler.USER)
    assert memory_path(hass, guest_entry.entry_id).exists()
    await hass.config_entries.async_remove(guest_entry.entry_id)
    assert not memory_path(hass, guest_entry.entry_id).exists()
    assert {disablers(hass, zha, plug)[key] for key in ("1", SUMMATION)} == {
        er.RegistryEntryDisabler.CONFIG_ENTRY
    }
    await hass.config_entries.async_set_disabled_by(zha.entry_id, None)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert disablers(hass, zha, plug) == before


async def test_entities_of_a_device_that_is_removed(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    zha: MockConfigEntry,
    guest_entry: MockConfigEntry,
    dialogue: Dialogue,
) -> None:
    """They come back enabled when it is paired again after our entry was removed."""
    plug, relay = Plug(), Relay()
    await join_both(hass, home, gateway, plug)
    await join_both(hass, home, gateway, relay)
    before = disablers(hass, zha, plug)
    await choose_in_options(dialogue, guest_entry, disable=True)
    await until(lambda: disablers(hass, zha, plug)["1"] is INTEGRATION)
    app = app_of(hass)
    await get_zha_gateway(hass).async_remove_device(t.EUI64.convert(plug.ieee))
    await until(lambda: plug.ieee not in gateway)
    await hass.async_block_till_done()
    assert len(guest_entry.data[CONF_DISABLED]) == len(disablers(hass, zha, relay)) - 1
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=RELOAD_AFTER_UPDATE_DELAY))
    await hass.async_block_till_done()
    assert app_of(hass) is app  # ZHA was not reloaded for it
    await hass.config_entries.async_remove(guest_entry.entry_id)
    home.network.search(plug)
    await app_of(hass).permit(60)
    registry = dr.async_get(hass)
    await until(
        lambda: registry.async_get_device_by_identifier(("zha", plug.ieee), zha.entry_id), 30
    )
    await hass.async_block_till_done()
    assert disablers(hass, zha, plug) == before


@pytest.mark.parametrize("is_zha_up", [True, False])
async def test_zha_has_its_entities_while_our_entry_is_disabled(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    zha: MockConfigEntry,
    guest_entry: MockConfigEntry,
    dialogue: Dialogue,
    is_zha_up: bool,
) -> None:
    """The choice takes effect again with our entry; what the user has touched is left alone."""
    registry = er.async_get(hass)
    entries = hass.config_entries
    plug = Plug()
    await join_both(hass, home, gateway, plug)
    before = disablers(hass, zha, plug)
    await choose_in_options(dialogue, guest_entry, disable=True)
    await until(lambda: disablers(hass, zha, plug)["1"] is INTEGRATION)
    theirs = entities_of_zha(hass, zha, plug)
    switch = theirs[f"{plug.ieee}-1"].entity_id
    registry.async_update_entity(theirs[f"{plug.ieee}-{SUMMATION}"].entity_id, disabled_by=None)
    registry.async_update_entity(theirs[f"{plug.ieee}-{VOLTAGE}"].entity_id, disabled_by=USER)
    if not is_zha_up:
        await entries.async_unload(zha.entry_id)
        await entries.async_reload(guest_entry.entry_id)
        assert guest_entry.state is ConfigEntryState.SETUP_RETRY

    await entries.async_set_disabled_by(guest_entry.entry_id, ConfigEntryDisabler.USER)
    await hass.async_block_till_done()
    assert disablers(hass, zha, plug) == before | {VOLTAGE: USER}
    if is_zha_up:  # Home Assistant reloads ZHA, which then has them
        delay = timedelta(seconds=RELOAD_AFTER_UPDATE_DELAY)
        async_fire_time_changed(hass, dt_util.utcnow() + delay)
    else:
        await entries.async_setup(zha.entry_id)
    await until(lambda: hass.states.is_state(switch, "off"), 30)

    await entries.async_set_disabled_by(guest_entry.entry_id, None)
    await until(lambda: disablers(hass, zha, plug)["1"] is INTEGRATION, 30)
    await hass.async_block_till_done()
    assert disablers(hass, zha, plug) == dict.fromkeys(before, INTEGRATION) | {
        SUMMATION: None,
        VOLTAGE: USER,
        UPDATE: None,
    }
    assert hass.states.get(switch) is None
    await choose_in_options(dialogue, guest_entry, disable=False)
    await hass.async_block_till_done()
    assert disablers(hass, zha, plug) == before | {VOLTAGE: USER}
