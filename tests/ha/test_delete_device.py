"""Deleting a device on its page, and which entry a device belongs to."""

from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.aqara_zigbee import async_remove_config_entry_device
from custom_components.aqara_zigbee.const import DOMAIN
from custom_components.aqara_zigbee.core.errors import DeliveryError, StorageError
from custom_components.aqara_zigbee.registry import (
    follow,
    name_of,
    owner_of_device,
    registered_device,
    rename,
)
from custom_components.aqara_zigbee.runtime import Runtime
from tests.core.network import IEEE, NOON, Home, node
from tests.core.test_owner import SharedRadio
from tests.mirror.stage import Radio

OTHER = "00:15:8d:00:01:a1:b2:c5"


class Network(Home):
    """A network with a plug that takes its leave."""

    def __init__(self) -> None:
        super().__init__()
        self.leaving = Radio()
        self.radio = self.gateway.radio = self.leaving
        self.gateway.known(node("lumi.plug"), NOON)


@pytest.fixture
def network(hass: HomeAssistant, entry: MockConfigEntry) -> Network:
    """A running network."""
    network = Network()
    entry.mock_state(hass, ConfigEntryState.LOADED)
    entry.runtime_data = Runtime(network.gateway, None)
    follow(hass, entry, network.gateway)
    return network


async def delete(hass: HomeAssistant, entry: MockConfigEntry, ieee: str) -> bool:
    registered = registered_device(hass, entry.entry_id, ieee)
    assert registered is not None
    return await async_remove_config_entry_device(hass, entry, registered)


async def test_device_leaves(hass: HomeAssistant, entry: MockConfigEntry, network: Network) -> None:
    """Whether it receives the request or not."""
    network.leaving.is_deaf = True
    assert await delete(hass, entry, IEEE)
    assert network.leaving.removed == [(IEEE, True)]
    assert network.gateway.as_dict()["dismissed"] == [IEEE]
    network.gateway.removed(IEEE)
    assert registered_device(hass, entry.entry_id, IEEE) is None


async def test_device_that_left_is_only_deleted(
    hass: HomeAssistant, entry: MockConfigEntry, network: Network
) -> None:
    device = network.gateway[IEEE]
    network.gateway._devices.clear()
    assert await delete(hass, entry, IEEE)
    assert network.leaving.removed == []
    dr.async_get(hass).async_clear_config_entry(entry.entry_id)
    network.gateway._devices[IEEE] = device
    network.gateway.removed(IEEE)  # it need not be registered


async def test_coordinator_stays(
    hass: HomeAssistant, entry: MockConfigEntry, network: Network
) -> None:
    with pytest.raises(HomeAssistantError) as error:
        await delete(hass, entry, network.radio.coordinator.ieee)
    assert error.value.translation_key == "coordinator_stays"


async def test_network_that_is_not_running(
    hass: HomeAssistant, entry: MockConfigEntry, network: Network
) -> None:
    """The device could come back by itself later."""
    entry.mock_state(hass, ConfigEntryState.SETUP_RETRY)
    with pytest.raises(HomeAssistantError) as error:
        await delete(hass, entry, IEEE)
    assert error.value.translation_key == "network_not_running"


async def test_device_of_zha_is_deleted_there(
    hass: HomeAssistant, entry: MockConfigEntry, network: Network
) -> None:
    shared: Any = SharedRadio()
    network.gateway.radio = shared
    with pytest.raises(HomeAssistantError) as error:
        await delete(hass, entry, IEEE)
    assert error.value.translation_key == "belongs_to_zha"


@pytest.mark.parametrize("by", ["page", "action"])
@pytest.mark.parametrize("failure", [DeliveryError("no room"), StorageError("no room")])
async def test_failure_has_a_text(
    hass: HomeAssistant, entry: MockConfigEntry, network: Network, failure: Exception, by: str
) -> None:
    """Also one of the disk: that a device was removed has to be remembered."""
    assert await async_setup_component(hass, DOMAIN, {})

    async def fail(_row: str | None) -> None:
        raise failure

    network.gateway._keep = fail
    registered = registered_device(hass, entry.entry_id, IEEE)
    assert registered is not None
    action = hass.services.async_call(
        DOMAIN, "remove_device", {"device_id": registered.id}, blocking=True
    )
    page = delete(hass, entry, IEEE)
    tried, other = (page, action) if by == "page" else (action, page)
    other.close()
    with pytest.raises(HomeAssistantError, match=r"could not be removed: .*no room") as error:
        await tried
    assert error.value.translation_key == "remove_failed"
    assert IEEE in network.gateway
    assert network.leaving.removed == []


async def test_entry_that_has_a_device(
    hass: HomeAssistant, entry: MockConfigEntry, network: Network
) -> None:
    assert owner_of_device(hass, IEEE) == entry.entry_id
    assert owner_of_device(hass, OTHER) is None
    assert name_of(hass, entry.entry_id, IEEE) == "Mi smart plug"
    assert name_of(hass, entry.entry_id, OTHER) == OTHER


async def test_name_alone_or_area_alone(
    hass: HomeAssistant, entry: MockConfigEntry, network: Network
) -> None:
    registered = registered_device(hass, entry.entry_id, IEEE)
    assert registered is not None
    rename(hass, registered, name="Kettle", area=None, with_entity_ids=False)
    rename(hass, registered, name=None, area="kitchen", with_entity_ids=True)
    registered = registered_device(hass, entry.entry_id, IEEE)
    assert registered is not None
    assert (registered.name_by_user, registered.area_id) == ("Kettle", "kitchen")
