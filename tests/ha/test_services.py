"""The actions on a network, as an automation or the developer tools call them."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.util.yaml import load_yaml_dict
import probatio
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.aqara_zigbee.const import DOMAIN
from custom_components.aqara_zigbee.core.gateway import Event, Gateway
from custom_components.aqara_zigbee.radio import adapter
from custom_components.aqara_zigbee.radio.virtual.devices import LockS2, Plug
from custom_components.aqara_zigbee.radio.virtual.home import Home
from custom_components.aqara_zigbee.registry import registered_device
from tests.ha.conftest import entity_id, join, state, until
from tests.ha.test_entities import PACKAGE, TRANSLATIONS


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for silent devices a second, not fifteen."""
    monkeypatch.setattr(adapter, "_ADMINISTRATION_SECONDS", 1.0)


async def call(hass: HomeAssistant, action: str, **data: Any) -> Any:
    """Call an action of ours; what it answers, if it does."""
    wants_answer = action == "energy_scan"
    return await hass.services.async_call(
        DOMAIN, action, data, blocking=True, return_response=wants_answer
    )


def is_open(home: Home) -> bool:
    """Whether devices may join."""
    return home.network.hub.is_open


def device_id(hass: HomeAssistant, entry: MockConfigEntry, ieee: str) -> str:
    """The registry's name for a device."""
    registered = registered_device(hass, entry.entry_id, ieee)
    assert registered is not None
    return registered.id


async def test_permit_join(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry
) -> None:
    """The network opens and closes, and the switch tells."""
    switch = "switch.texas_instruments_cc2652_permit_joining"
    assert hass.states.is_state(switch, "off")
    await call(hass, "permit_join", config_entry_id=entry.entry_id, duration={"seconds": 30})
    assert hass.states.is_state(switch, "on")
    assert is_open(home)
    await hass.services.async_call("switch", "turn_off", {"entity_id": switch}, blocking=True)
    assert hass.states.is_state(switch, "off")
    assert not is_open(home)
    await hass.services.async_call("switch", "turn_on", {"entity_id": switch}, blocking=True)
    assert is_open(home)
    await hass.config_entries.async_unload(entry.entry_id)
    assert not is_open(home)


@pytest.mark.parametrize("seconds", [-1, 255, 100_000])
async def test_never_open_for_ever(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, seconds: int
) -> None:
    with pytest.raises(probatio.Invalid):
        await call(
            hass, "permit_join", config_entry_id=entry.entry_id, duration={"seconds": seconds}
        )


@pytest.mark.usefixtures("impatient")
async def test_permit_join_through_one_router(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry
) -> None:
    router = Plug()
    await join(home, gateway, router)
    await gateway.radio.permit(0)
    via = device_id(hass, entry, router.ieee)
    await call(hass, "permit_join", config_entry_id=entry.entry_id, via=via)
    newcomer = home.add(Plug())
    assert not home.network.admit(newcomer)
    assert home.network.admit(newcomer, router)
    home.faults.mute(router)
    with pytest.raises(HomeAssistantError, match="did not get it"):
        await call(hass, "permit_join", config_entry_id=entry.entry_id, via=via)


@pytest.mark.usefixtures("impatient")
async def test_remove_device(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry
) -> None:
    """Politely a silent device stays; with force it is forgotten all the same."""
    plug = Plug()
    await join(home, gateway, plug)
    known = device_id(hass, entry, plug.ieee)
    home.faults.mute(plug)
    with pytest.raises(HomeAssistantError, match="does not answer"):
        await call(hass, "remove_device", device_id=known)
    assert plug.ieee in gateway
    await call(hass, "remove_device", device_id=known, force=True)
    assert plug.ieee not in gateway
    assert registered_device(hass, entry.entry_id, plug.ieee) is None


async def test_interview(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry
) -> None:
    plug = Plug()
    device = await join(home, gateway, plug)
    heard: list[Event] = []
    gateway.subscribe(lambda event, _device: heard.append(event))
    await call(hass, "interview", device_id=device_id(hass, entry, plug.ieee))
    assert Event.INTERVIEWED in heard
    await until(lambda: Event.DESCRIBED in heard)
    plug.press()
    await until(lambda: state(hass, device, "state").state == "on")


async def test_energy_scan(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry
) -> None:
    answer = await call(hass, "energy_scan", config_entry_id=entry.entry_id)
    assert answer["channel"] == home.network.hub.channel
    assert list(answer["energies"]) == [str(channel) for channel in range(11, 27)]
    assert all(0 <= energy <= 100 for energy in answer["energies"].values())


async def test_change_channel(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry
) -> None:
    """Everyone moves, and is still there after a restart."""
    plug = Plug()
    await join(home, gateway, plug)
    await call(hass, "change_channel", config_entry_id=entry.entry_id, channel=25)
    assert home.network.hub.channel == 25
    assert gateway.radio.coordinator.channel == 25
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    device = entry.runtime_data.gateway[plug.ieee]
    entity = entity_id(hass, device, "state")
    await hass.services.async_call("switch", "turn_on", {"entity_id": entity}, blocking=True)
    assert plug.on[0]


async def test_wrong_targets(
    hass: HomeAssistant,
    gateway: Gateway,
    entry: MockConfigEntry,
    device_registry: dr.DeviceRegistry,
) -> None:
    """What is not ours, or not up, is named."""
    other = MockConfigEntry(domain="other")
    other.add_to_hass(hass)
    foreign = device_registry.async_get_or_create(
        config_entry_id=other.entry_id, identifiers={("other", "1")}
    )
    for wrong in ("nothing", foreign.id):
        with pytest.raises(ServiceValidationError, match="no device of this integration"):
            await call(hass, "interview", device_id=wrong)
    with pytest.raises(ServiceValidationError):
        await call(hass, "energy_scan", config_entry_id=other.entry_id)
    await hass.config_entries.async_unload(entry.entry_id)
    with pytest.raises(ServiceValidationError):
        await call(hass, "change_channel", config_entry_id=entry.entry_id, channel=20)


async def test_a_lock_is_no_router(home: Home, gateway: Gateway) -> None:
    """Whatever its node descriptor says."""
    assert not (await join(home, gateway, LockS2())).is_router
    assert (await join(home, gateway, Plug())).is_router


async def test_every_action_has_its_words(hass: HomeAssistant, gateway: Gateway) -> None:
    described = load_yaml_dict(str(PACKAGE / "services.yaml"))
    assert set(hass.services.async_services_for_domain(DOMAIN)) == set(described)
    for name, action in described.items():
        words = TRANSLATIONS["services"][name]
        assert words["name"]
        assert words["description"]
        assert set(words["fields"]) == set(action["fields"])
        assert all(field["name"] and field["description"] for field in words["fields"].values())
