"""Home Assistant with its own MQTT integration on a real broker, our integration on a virtual radio.

Nothing of ours is patched, nothing of Home Assistant's MQTT either.
"""

from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

from aiousbwatcher import InotifyNotAvailableError
from homeassistant.components import mqtt
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.aqara_zigbee.const import DOMAIN
from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.radio.virtual.home import Home
from tests.e2e.broker import Broker, Client, client

NAME = "e2e"
DEVICE = {"path": f"virtual://{NAME}", "baudrate": 115200, "flow_control": None}
ENABLED = {"enabled": True, "base_topic": "zigbee2mqtt"}


@pytest.fixture(autouse=True)
def integration(
    hass: HomeAssistant, enable_custom_integrations: None, tmp_path: Path
) -> Iterator[None]:
    """Let Home Assistant find us, and write to a folder of the test's own.

    Its USB watcher has nothing to watch here.
    """
    hass.config.config_dir = str(tmp_path)
    (tmp_path / ".storage").mkdir()
    (tmp_path / "configuration.yaml").touch()
    with patch("homeassistant.components.usb.AIOUSBWatcher", side_effect=InotifyNotAvailableError):
        yield


@pytest.fixture
async def home() -> AsyncGenerator[Home]:
    """A virtual home whose stick has a network and is plugged in."""
    home = Home(seed=1, speed=20)
    home.form()
    home.plug_in(NAME)
    yield home
    await home.close()


@pytest.fixture
def entry(hass: HomeAssistant) -> MockConfigEntry:
    """A config entry for the virtual home, not set up yet."""
    entry = MockConfigEntry(domain=DOMAIN, title="Test", data={"device": DEVICE}, unique_id="test")
    entry.add_to_hass(hass)
    return entry


@pytest.fixture
async def broker(
    socket_enabled: None, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[Broker]:
    """A broker that is up."""
    broker = Broker(tmp_path_factory.mktemp("broker"))
    await broker.start()
    yield broker
    await broker.stop()


@pytest.fixture
async def listener(broker: Broker) -> AsyncGenerator[Client]:
    """A program that hears everything."""
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
    """Write the mirror's options as the options flow does."""
    hass.config_entries.async_update_entry(entry, options={"mqtt": {**ENABLED, **options}})


@pytest.fixture
async def gateway(
    hass: HomeAssistant,
    mqtt_up: MockConfigEntry,
    home: Home,
    entry: MockConfigEntry,
    listener: Client,
) -> AsyncGenerator[Gateway]:
    """A network that is up, and mirrored from its first day on."""
    switch_on(hass, entry)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await listener.hear("bridge/health")
    yield entry.runtime_data.gateway
    if entry.state is ConfigEntryState.LOADED:
        await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()
