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
from custom_components.aqara_zigbee.core.events import NetworkEvent
from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.radio import adapter, requests
from custom_components.aqara_zigbee.registry import registered_device
from custom_components.aqara_zigbee.simulator.devices import LockS2, Plug
from custom_components.aqara_zigbee.simulator.home import Home
from tests.ha.conftest import entity_id, join, state, until
from tests.ha.test_entities import PACKAGE, TRANSLATIONS


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for silent devices a second, not fifteen."""
    monkeypatch.setattr(adapter, "ADMINISTRATION_SECONDS", 1.0)
    monkeypatch.setattr(requests, "ADMINISTRATION_SECONDS", 1.0)


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
    """Joins are permitted and ended, and the switch shows it."""
    switch = "switch.test_permit_joining"
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
async def test_joins_are_never_permitted_without_a_limit(
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
    with pytest.raises(HomeAssistantError, match="could not be opened or closed"):
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
    with pytest.raises(HomeAssistantError, match="does not respond"):
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
    received: list[NetworkEvent] = []
    gateway.subscribe(lambda event, _device: received.append(event))
    await call(hass, "interview", device_id=device_id(hass, entry, plug.ieee))
    assert NetworkEvent.INTERVIEWED in received
    await until(lambda: NetworkEvent.DESCRIBED in received)
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
    """Unknown devices and networks that are not running are named."""
    other = MockConfigEntry(domain="other")
    other.add_to_hass(hass)
    foreign = device_registry.async_get_or_create(
        config_entry_id=other.entry_id, identifiers={("other", "1")}
    )
    for wrong in ("nothing", foreign.id):
        with pytest.raises(ServiceValidationError, match="is not a device of this integration"):
            await call(hass, "interview", device_id=wrong)
    with pytest.raises(ServiceValidationError):
        await call(hass, "energy_scan", config_entry_id=other.entry_id)
    await hass.config_entries.async_unload(entry.entry_id)
    with pytest.raises(ServiceValidationError):
        await call(hass, "change_channel", config_entry_id=entry.entry_id, channel=20)


async def test_a_lock_is_not_a_router(home: Home, gateway: Gateway) -> None:
    """Whatever its node descriptor."""
    assert not (await join(home, gateway, LockS2())).is_router
    assert (await join(home, gateway, Plug())).is_router


async def test_every_action_has_texts(hass: HomeAssistant, gateway: Gateway) -> None:
    described = load_yaml_dict(str(PACKAGE / "services.yaml"))
    assert set(hass.services.async_services_for_domain(DOMAIN)) == set(described)
    for name, action in described.items():
        texts = TRANSLATIONS["services"][name]
        assert texts["name"]
        assert texts["description"]
        assert set(texts["fields"]) == set(action["fields"])
        assert all(field["name"] and field["description"] for field in texts["fields"].values())


async def test_failures_name_the_cause(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry
) -> None:
    """Without the coordinator, each action has its own error; none blames a device."""
    plug = await join(home, gateway, Plug())
    known = device_id(hass, entry, plug.ieee)
    network = {"config_entry_id": entry.entry_id}
    home.unplug()
    await until(lambda: not gateway.online)
    for action, data, failure in (
        ("permit_join", network, "opened or closed"),
        ("energy_scan", network, "could not be scanned"),
        ("change_channel", network | {"channel": 20}, "channel could not be changed"),
        ("interview", {"device_id": known}, "could not be interviewed"),
        ("remove_device", {"device_id": known}, "could not be removed"),
    ):
        with pytest.raises(HomeAssistantError, match=f"{failure}.*: the coordinator is not"):
            await call(hass, action, **data)


async def test_failures_have_texts(hass: HomeAssistant, home: Home, gateway: Gateway) -> None:
    """The coordinator's own status is named, without the notation of a programming language."""
    plug = Plug()
    device = await join(home, gateway, plug)
    home.faults.confirm(0xE9, node=plug)
    with pytest.raises(HomeAssistantError, match=r": no confirmation came back \(MAC_NO_ACK\)$"):
        await hass.services.async_call(
            "switch", "turn_on", {"entity_id": entity_id(hass, device, "state")}, blocking=True
        )


async def test_every_action_and_field_is_documented() -> None:
    """docs/actions.md has a row for each."""
    page = (PACKAGE.parents[1] / "docs" / "actions.md").read_text()
    for name, action in load_yaml_dict(str(PACKAGE / "services.yaml")).items():
        _, _, after = page.partition(f"| `{DOMAIN}.{name}` | | ")
        rows = after.partition("| `aqara_zigbee.")[0]
        assert after, name
        for field in action["fields"]:
            assert f"| | `{field}` | " in rows, (name, field)
