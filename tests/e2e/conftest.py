"""Home Assistant with its own MQTT integration on a real broker, our integration on a virtual radio.

Neither our code nor Home Assistant's MQTT integration is patched.
"""

from collections.abc import AsyncGenerator
from typing import Any

from homeassistant.components import mqtt
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.simulator.home import Home
from tests.e2e.broker import Broker, Client, client
from tests.ha.conftest import entry, home, integration, recorder_first  # noqa: F401 - fixtures

ENABLED = {"enabled": True, "base_topic": "zigbee2mqtt"}


@pytest.fixture
async def broker(
    socket_enabled: None, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[Broker]:
    """A running broker."""
    broker = Broker(tmp_path_factory.mktemp("broker"))
    await broker.start()
    yield broker
    await broker.stop()


@pytest.fixture
async def listener(broker: Broker) -> AsyncGenerator[Client]:
    """A client that subscribes to everything."""
    async with client(broker.port) as one:
        yield one


@pytest.fixture
def mqtt_entry(hass: HomeAssistant, broker: Broker) -> MockConfigEntry:
    """Home Assistant's MQTT integration for the broker, not set up yet."""
    found = MockConfigEntry(
        domain=mqtt.DOMAIN,
        version=mqtt.CONFIG_ENTRY_VERSION,
        minor_version=mqtt.CONFIG_ENTRY_MINOR_VERSION,
        data={"broker": "127.0.0.1", "port": broker.port, "protocol": "5"},
        options={"discovery": False, "birth_message": {}},
    )
    found.add_to_hass(hass)
    return found


@pytest.fixture
async def mqtt_up(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry
) -> AsyncGenerator[MockConfigEntry]:
    """The same, connected."""
    assert await hass.config_entries.async_setup(mqtt_entry.entry_id)
    yield mqtt_entry
    if mqtt_entry.state is ConfigEntryState.LOADED:
        await hass.config_entries.async_unload(mqtt_entry.entry_id)


def switch_on(hass: HomeAssistant, entry: MockConfigEntry, **options: Any) -> None:
    """Set the mirror's options as the options flow does."""
    hass.config_entries.async_update_entry(entry, options={"mqtt": {**ENABLED, **options}})


@pytest.fixture
async def gateway(
    hass: HomeAssistant,
    mqtt_up: MockConfigEntry,
    home: Home,
    entry: MockConfigEntry,
    listener: Client,
) -> AsyncGenerator[Gateway]:
    """A running network, mirrored from its first day on."""
    switch_on(hass, entry)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await listener.receive("bridge/health")
    yield entry.runtime_data.gateway
    if entry.state is ConfigEntryState.LOADED:
        await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()
