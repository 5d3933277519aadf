"""A running Home Assistant with our integration on a virtual coordinator.

zigpy and zigpy-znp run unmodified over an in-memory serial line; nothing of ours is patched.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from pathlib import Path
from unittest.mock import patch

from aiousbwatcher import InotifyNotAvailableError
from homeassistant.components import usb
from homeassistant.components.usb import USBDevice
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.aqara_zigbee.const import DOMAIN
from custom_components.aqara_zigbee.core.device import Device
from custom_components.aqara_zigbee.core.events import NetworkEvent, Update
from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.flows.progress import ProgressStep
from custom_components.aqara_zigbee.simulator.devices import MODELS as SIMULATED
from custom_components.aqara_zigbee.simulator.home import Home
from custom_components.aqara_zigbee.simulator.message import Message
from custom_components.aqara_zigbee.simulator.node import Node
from tests.ha.dialogue import dialogue  # noqa: F401 - a fixture
from tests.simulator.host import used_before

NAME = "test"
DEVICE = {"path": f"virtual://{NAME}", "baudrate": 115200, "flow_control": None}


@pytest.fixture(autouse=True)
def recorder_first(request: pytest.FixtureRequest) -> None:
    """A recorder has to be there before Home Assistant is."""
    if "recorder_mock" in request.fixturenames:
        request.getfixturevalue("recorder_mock")


@pytest.fixture(autouse=True)
def integration(
    recorder_first: None, hass: HomeAssistant, enable_custom_integrations: None, tmp_path: Path
) -> Iterator[None]:
    """Let Home Assistant find us, and write to a folder of the test's own.

    Its USB watcher has nothing to watch here.
    """
    hass.config.config_dir = str(tmp_path)
    (tmp_path / ".storage").mkdir()
    (tmp_path / "configuration.yaml").touch()
    with patch("homeassistant.components.usb.AIOUSBWatcher", side_effect=InotifyNotAvailableError):
        yield


@pytest.fixture(autouse=True)
def brief_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show progress at once, and no longer than an event needs to reach a client."""
    monkeypatch.setattr(ProgressStep, "grace", 0)
    monkeypatch.setattr(ProgressStep, "least_shown", 0.1)


@pytest.fixture
async def home() -> AsyncGenerator[Home]:
    """A virtual home whose coordinator has a network and is plugged in."""
    home = Home(seed=1, speed=20)
    home.form()
    used_before(home)
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
async def gateway(
    hass: HomeAssistant, home: Home, entry: MockConfigEntry
) -> AsyncGenerator[Gateway]:
    """The running network of a config entry; unloaded before the home is closed."""
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    yield entry.runtime_data.gateway
    await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()


async def until(condition: Callable[[], object], seconds: float = 90) -> None:
    """Wait until something is so; for long, as the machine may be busy with other tests."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


async def asleep(node: Node) -> None:
    """Wait until a device has sent all pending frames, and sleeps."""
    await until(lambda: not node.awake)


async def join(home: Home, gateway: Gateway, node: Node) -> Device:
    """Let a simulated device join, and wait until it is known in full."""
    described: list[Device] = []

    def on_event(event: NetworkEvent, device: Device) -> None:
        if event is NetworkEvent.DESCRIBED:
            described.append(device)

    unsubscribe = gateway.subscribe(on_event)
    home.add(node)
    home.network.search(node)
    await gateway.radio.permit(60)
    # On a busy machine a sleeper may doze off in its interview, and is accepted half a minute later.
    await until(lambda: node.ieee in [device.ieee for device in described])
    unsubscribe()
    return gateway[node.ieee]


async def send_frame(
    hass: HomeAssistant, node: Node, device: Device, cluster: int, endpoint: int, frame: bytes
) -> None:
    """Let a device send a frame as it is, and wait until it was taken in."""
    received: list[Update] = []
    unsubscribe = device.subscribe(received.append)
    node.network.uplink(node, Message(cluster, endpoint, 1, frame))
    await until(lambda: received)
    unsubscribe()
    await hass.async_block_till_done()


async def plug_in_usb(hass: HomeAssistant) -> None:
    """Let Home Assistant discover one more USB device."""
    stick = USBDevice(
        device="/dev/ttyUSB7",
        resolved_device="/dev/ttyUSB7",
        vid="FFFF",  # no other integration matches it
        pid="FFFF",
        serial_number="1",
        manufacturer="Texas Instruments",
        description="CC2652",
    )
    usb.async_register_serial_port_scanner(hass, lambda _hass: [stick])
    await usb.async_request_scan(hass)


def simulated(model: str) -> Node:
    """A simulated device of a model.

    Raises:
        AssertionError: there is none; the text explains what to write.
    """
    kind = SIMULATED.get(model)
    assert kind is not None, f"simulate {model}: a class in simulator/devices, and in its MODELS"
    return kind()


def entity_id(hass: HomeAssistant, device: Device, key: str) -> str:
    """The entity of a property, event or option."""
    registry = er.async_get(hass)
    unique_id = f"{device.ieee}-{key}"
    (found,) = [e.entity_id for e in registry.entities.values() if e.unique_id == unique_id]
    return found


def state(hass: HomeAssistant, device: Device, key: str) -> State:
    """The state of a property, event or option."""
    found = hass.states.get(entity_id(hass, device, key))
    assert found is not None
    return found
