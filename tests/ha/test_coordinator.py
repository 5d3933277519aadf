"""The coordinator's own device: its entities, who may use them, and what its loss looks like."""

from datetime import timedelta
import logging

from freezegun.api import FrozenDateTimeFactory
from homeassistant.auth.const import GROUP_ID_ADMIN, GROUP_ID_READ_ONLY, GROUP_ID_USER
from homeassistant.auth.models import User
from homeassistant.components.homeassistant.exposed_entities import async_should_expose
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE, EntityCategory
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import Unauthorized, UnknownUser
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.aqara_zigbee.const import DOMAIN
from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.simulator.devices import Knob, Plug
from custom_components.aqara_zigbee.simulator.home import Home
from custom_components.aqara_zigbee.watch import repairs_monitor
from tests.ha.conftest import join, until


def coordinators(hass: HomeAssistant, gateway: Gateway, key: str) -> str:
    """The coordinator's entity of this name."""
    unique_id = f"{gateway.radio.coordinator.ieee}-{key}"
    registry = er.async_get(hass)
    (found,) = [e.entity_id for e in registry.entities.values() if e.unique_id == unique_id]
    return found


@pytest.fixture
def permit_join(hass: HomeAssistant, gateway: Gateway) -> str:
    """The switch that lets devices join."""
    return coordinators(hass, gateway, "permit_join")


@pytest.fixture
async def user(hass: HomeAssistant, group: str) -> User:
    """Return a user of a group; the first user of all would be the owner."""
    await hass.auth.async_create_user("Owner", group_ids=[GROUP_ID_ADMIN])
    return await hass.auth.async_create_user("Somebody", group_ids=[group])


async def switch(hass: HomeAssistant, entity: str, action: str, context: Context | None) -> None:
    """Use a switch as a user does, or as an automation does."""
    target = {"entity_id": entity}
    await hass.services.async_call("switch", action, target, blocking=True, context=context)


async def test_available_devices_are_available_again(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry
) -> None:
    """No entity misses the return of the coordinator."""

    def available() -> set[str]:
        entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
        ids = {each.entity_id for each in entities if each.disabled_by is None}
        return {each for each in ids if not hass.states.is_state(each, STATE_UNAVAILABLE)}

    await join(home, gateway, Plug())
    await join(home, gateway, Knob())
    await hass.async_block_till_done()
    before = available()
    home.unplug()
    await until(lambda: not gateway.online)
    await hass.async_block_till_done()
    assert available() < before
    home.plug_in("test")
    await until(lambda: gateway.online)
    await hass.async_block_till_done()
    assert available() == before


async def test_permit_join_without_the_coordinator(
    hass: HomeAssistant, home: Home, gateway: Gateway, permit_join: str
) -> None:
    """An open network is closed when it is back, and can be opened again."""
    await switch(hass, permit_join, "turn_on", None)
    home.unplug()
    await until(lambda: hass.states.is_state(permit_join, STATE_UNAVAILABLE))
    home.plug_in("test")
    await until(lambda: hass.states.is_state(permit_join, STATE_OFF))
    await switch(hass, permit_join, "turn_on", None)
    assert hass.states.is_state(permit_join, STATE_ON)


@pytest.mark.parametrize("group", [GROUP_ID_USER, GROUP_ID_READ_ONLY])
@pytest.mark.parametrize("action", ["turn_on", "turn_off", "toggle"])
async def test_only_administrators_permit_joins(
    hass: HomeAssistant, home: Home, permit_join: str, user: User, action: str
) -> None:
    with pytest.raises(Unauthorized):
        await switch(hass, permit_join, action, Context(user_id=user.id))
    assert not home.network.hub.is_open


async def test_unknown_users_do_not_permit_joins(
    hass: HomeAssistant, home: Home, permit_join: str
) -> None:
    with pytest.raises(UnknownUser):
        await switch(hass, permit_join, "turn_on", Context(user_id="0" * 32))
    assert not home.network.hub.is_open


@pytest.mark.parametrize("group", [GROUP_ID_ADMIN])
async def test_administrators_and_automations_permit_joins(
    hass: HomeAssistant, home: Home, permit_join: str, user: User
) -> None:
    for context in (Context(user_id=user.id), Context(), None):
        await switch(hass, permit_join, "turn_on", context)
        assert home.network.hub.is_open
        await switch(hass, permit_join, "turn_off", context)
        assert not home.network.hub.is_open


async def test_areas_and_assistants_do_not_permit_joins(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    entity_registry: er.EntityRegistry,
    permit_join: str,
) -> None:
    """It is in an area with a lamp; actions on the area do not include it."""
    registered = entity_registry.async_get(permit_join)
    assert registered is not None
    assert registered.entity_category is EntityCategory.CONFIG
    assert await async_setup_component(hass, "homeassistant", {})
    assert not async_should_expose(hass, "conversation", permit_join)
    entity_registry.async_update_entity(permit_join, area_id="hall")
    await hass.services.async_call("switch", "turn_on", {"area_id": "hall"}, blocking=True)
    assert not home.network.hub.is_open


# Its loss


def repair(hass: HomeAssistant, entry: MockConfigEntry) -> ir.IssueEntry | None:
    """Return the issue of a disconnected coordinator."""
    return ir.async_get(hass).async_get_issue(DOMAIN, f"coordinator_lost_{entry.entry_id}")


async def test_connectivity(
    hass: HomeAssistant, home: Home, gateway: Gateway, entity_registry: er.EntityRegistry
) -> None:
    """It exists from the start, and is off without a coordinator instead of being unavailable."""
    connectivity = coordinators(hass, gateway, "connectivity")
    registered = entity_registry.async_get(connectivity)
    assert registered is not None
    assert registered.entity_category is EntityCategory.DIAGNOSTIC
    assert hass.states.is_state(connectivity, STATE_ON)
    home.unplug()
    await until(lambda: hass.states.is_state(connectivity, STATE_OFF))
    home.plug_in("test")
    await until(lambda: hass.states.is_state(connectivity, STATE_ON))


async def test_repair_while_the_coordinator_stays_disconnected(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Created after some minutes, and deleted as soon as the coordinator is back."""
    monkeypatch.setattr(repairs_monitor, "_LOST_AFTER", timedelta(hours=5))
    home.unplug()
    await until(lambda: not gateway.online)
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(hours=4))
    await hass.async_block_till_done()
    assert repair(hass, entry) is None
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(hours=6))
    await hass.async_block_till_done()
    found = repair(hass, entry)
    assert found is not None
    assert found.severity is ir.IssueSeverity.ERROR
    assert found.translation_placeholders == {"title": "Test", "path": "virtual://test"}
    home.plug_in("test")
    await until(lambda: gateway.online)
    assert repair(hass, entry) is None


async def test_no_repair_for_a_short_disconnection(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry
) -> None:
    home.unplug()
    await until(lambda: not gateway.online)
    home.plug_in("test")
    await until(lambda: gateway.online)
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(minutes=30))
    await hass.async_block_till_done()
    assert repair(hass, entry) is None


async def test_repair_stays_until_the_network_is_running_again(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry
) -> None:
    """Reloading an entry whose coordinator is disconnected keeps the issue."""
    home.unplug()
    await until(lambda: not gateway.online)
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(minutes=6))
    await hass.async_block_till_done()
    await hass.config_entries.async_reload(entry.entry_id)
    waiting: object = entry.state
    assert waiting is ConfigEntryState.SETUP_RETRY
    assert repair(hass, entry) is not None
    home.plug_in("test")
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert repair(hass, entry) is None


async def test_changes_of_availability_are_logged_once(
    hass: HomeAssistant, home: Home, gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "custom_components.aqara_zigbee")
    knob = Knob()
    device = await join(home, gateway, knob)
    assert device.silence is not None
    for _ in range(2):
        await gateway.check_availability(dt_util.utcnow() + device.silence * 2)
    knob.press()
    await until(lambda: device.available)
    knob.press()
    await hass.async_block_till_done()
    name = f"Smart rotary knob H1 (wireless) ({device.ieee})"
    ours = [each.getMessage() for each in caplog.records if name in each.getMessage()]
    assert ours == [f"{name} is unavailable", f"{name} is available again"]


@pytest.mark.parametrize("apart", [1, 4])
async def test_coordinator_that_another_program_takes_repeatedly(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    apart: int,
) -> None:
    """Five losses in 10 minutes create the issue, until 10 minutes without one."""

    def issue() -> ir.IssueEntry | None:
        return ir.async_get(hass).async_get_issue(DOMAIN, f"coordinator_shared_{entry.entry_id}")

    monitor = entry.runtime_data.own.watch
    for number in range(5):
        assert issue() is None
        freezer.tick(timedelta(minutes=apart))
        gateway.lost("taken")
        gateway.found(dt_util.utcnow())
        await monitor.check(dt_util.utcnow())
        assert (issue() is not None) is (number == 4 and apart == 1)
    freezer.tick(timedelta(minutes=9))
    await monitor.check(dt_util.utcnow())
    assert (issue() is not None) is (apart == 1)
    freezer.tick(timedelta(minutes=2))
    await monitor.check(dt_util.utcnow())
    assert issue() is None
