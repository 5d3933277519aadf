"""A Home Assistant with the real ZHA on a virtual coordinator, and with us as its guest.

Nothing is collected where ZHA's packages are missing.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from importlib.util import find_spec
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.aqara_zigbee.const import DOMAIN
from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.core.models import DEFINITIONS
from custom_components.aqara_zigbee.platforms import platform_of
from custom_components.aqara_zigbee.radio.packet_tap import Tap
from custom_components.aqara_zigbee.simulator.home import Home
from custom_components.aqara_zigbee.simulator.message import Message
from custom_components.aqara_zigbee.simulator.node import Node
from tests.ha.conftest import (  # noqa: F401 - fixtures
    DEVICE,
    brief_progress,
    home,
    integration,
    recorder_first,
    until,
)
from tests.ha.dialogue import dialogue  # noqa: F401 - a fixture

if find_spec("zha") is None:
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(autouse=True)
def no_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip the second that ZHA waits after releasing a coordinator."""
    monkeypatch.setattr("homeassistant.components.zha.radio_manager.CONNECT_DELAY_S", 0)


@pytest.fixture
def sent(home: Home, monkeypatch: pytest.MonkeyPatch) -> list[Message]:
    """Messages to endpoints of devices from now on."""
    found: list[Message] = []
    unicast = home.network.unicast

    def note(nwk: int, message: Message, **how: Any) -> None:
        if message.destination:
            found.append(message)
        unicast(nwk, message, **how)

    monkeypatch.setattr(home.network, "unicast", note)
    return found


@pytest.fixture
def zha_data() -> dict[str, object]:
    """The coordinator in ZHA's config entry."""
    return {"device": DEVICE, "radio_type": "znp"}


@pytest.fixture
async def zha_entry(
    hass: HomeAssistant,
    home: object,
    zha_data: dict[str, object],
) -> AsyncGenerator[MockConfigEntry]:
    """ZHA's config entry for the virtual coordinator, not set up yet."""
    entry = MockConfigEntry(
        domain="zha",
        title="ZHA",
        version=5,
        minor_version=2,
        data=zha_data,
        options={"custom_configuration": {"zha_options": {"enable_identify_on_join": False}}},
    )
    entry.add_to_hass(hass)
    config = {"zha": {"zigpy_config": {"ota": {"enabled": False}}}}
    assert await async_setup_component(hass, "homeassistant", {})
    hass.data["zha_test_config"] = config
    yield entry
    if entry.state is ConfigEntryState.LOADED:
        await end_work_of_devices(hass)
        # It may still be configuring a device; zigpy-znp shields its requests from being cancelled.
        await end_tasks("zha", "zigpy_znp")
        await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_block_till_done()
    await end_tasks("zha", "zigpy", "zigpy_znp")


async def end_tasks(*packages: str) -> None:
    """End what packages still do: the polls and answers under way when ZHA was unloaded."""
    await end_all(lambda: {task for task in asyncio.all_tasks() if package_of(task) in packages})


async def end_all(find: Callable[[], set[asyncio.Task[Any]]]) -> None:
    """Cancel the found tasks, and those that they start, until there are none."""
    while tasks := find():
        for task in tasks:
            task.cancel()
        async with asyncio.timeout(30):
            await asyncio.wait(tasks)


def package_of(task: asyncio.Task[Any]) -> str:
    """Return the package of a task's coroutine; empty if unknown."""
    frame = getattr(task.get_coro(), "cr_frame", None)
    return frame.f_globals["__name__"].partition(".")[0] if frame else ""


async def end_work_of_devices(hass: HomeAssistant) -> None:
    """End interviews and tasks of zigpy's devices.

    Zigpy cannot be taken down cleanly during an interview, and the tasks of a device that is taken down
    raise KeyError when they end.
    """
    from homeassistant.components.zha.helpers import (  # noqa: PLC0415 - may be missing
        get_zha_gateway,
    )

    app = get_zha_gateway(hass).application_controller
    devices = app.devices.values() if app else ()
    for device in tuple(devices):
        device.cancel_initialization()
    await until(lambda: not any(device.initializing for device in devices), 30)
    await end_all(lambda: {task for device in devices for task in device._tasks})


@pytest.fixture
async def zha(hass: HomeAssistant, zha_entry: MockConfigEntry) -> MockConfigEntry:
    """ZHA, running."""
    assert await async_setup_component(hass, "zha", hass.data.pop("zha_test_config"))
    await hass.async_block_till_done()
    assert zha_entry.state is ConfigEntryState.LOADED
    return zha_entry


@pytest.fixture
def shows_doubles() -> bool:
    """Whether the entities are enabled that are not by default, because ZHA has them too."""
    return True


@pytest.fixture
def guest_entry(
    hass: HomeAssistant,
    zha: MockConfigEntry,
    home: Home,
    monkeypatch: pytest.MonkeyPatch,
    shows_doubles: bool,
) -> MockConfigEntry:
    """Our config entry for ZHA's network, not set up yet."""
    entry = MockConfigEntry(
        domain=DOMAIN, title="ZHA's network", data={"host": "zha"}, unique_id=zha.unique_id
    )
    entry.add_to_hass(hass)
    add = home.add

    def add_with_doubles[N: Node](node: N, **place: Any) -> N:
        add(node, **place)  # which gives it an address
        enable_doubles(hass, entry, node)
        return node

    if shows_doubles:
        monkeypatch.setattr(home, "add", add_with_doubles)
    return entry


def enable_doubles(hass: HomeAssistant, entry: MockConfigEntry, node: Node) -> None:
    """Register those entities of a device that would be disabled because ZHA has them too."""
    definition = DEFINITIONS.get(node.MODEL)
    for row in definition.properties if definition else ():
        if row.zha:
            er.async_get(hass).async_get_or_create(
                platform_of(row), DOMAIN, f"{node.ieee}-{row.name}", config_entry=entry
            )


@pytest.fixture
async def gateway(hass: HomeAssistant, guest_entry: MockConfigEntry) -> AsyncGenerator[Gateway]:
    """The network of ZHA as we see it."""
    assert await hass.config_entries.async_setup(guest_entry.entry_id)
    await hass.async_block_till_done()
    assert guest_entry.state is ConfigEntryState.LOADED
    yield guest_entry.runtime_data.gateway
    if guest_entry.state is ConfigEntryState.LOADED:
        await hass.config_entries.async_unload(guest_entry.entry_id)
        await hass.async_block_till_done()


def is_tapped(app: object) -> bool:
    """Whether an application's `packet_received` is wrapped by us."""
    return isinstance(vars(app).get("packet_received"), Tap)
