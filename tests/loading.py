"""A Home Assistant in its own process that starts an entry and then uses what is imported later.

The coordinator is behind a TCP port, in another process: ``python -m tests.loading PORT``.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
import gc
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
import json
import logging
from pathlib import Path
import sys
import tempfile
import threading
from types import ModuleType
from typing import Any, NamedTuple, override

from homeassistant import block_async_io, loader
from homeassistant.components import image
from homeassistant.config_entries import SOURCE_USER, ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_STARTED
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_test_home_assistant

from scripts.demo_process import free_port

ROOT = Path(__file__).parent.parent
PACKAGE = "custom_components.aqara_zigbee"
DOMAIN = "aqara_zigbee"


class Loaded(NamedTuple):
    """The imported files of the integration.

    Attributes:
        start: the files that were imported after the start.
        use: those that were imported at the end.
        blocking: modules that were imported in the event loop.
        warnings: Home Assistant's warnings of blocking calls.
    """

    start: list[str]
    use: list[str]
    blocking: list[str]
    warnings: list[str]


async def in_a_process(port: int, *options: str) -> tuple[Loaded, str]:
    """Start and use an entry in a new process.

    Args:
        port: the coordinator's TCP port.
        options: Python's command line options.

    Returns:
        The imported files, and the standard error of the process.
    """
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, *options, "-m", "tests.loading", str(port)),
        cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, errors = await child.communicate()
    assert not child.returncode, errors.decode()
    return Loaded(*json.loads(output.splitlines()[-1])), errors.decode()


class Watch(MetaPathFinder):
    """Notes modules of the integration that are imported in the event loop. It finds none itself."""

    def __init__(self) -> None:
        self.blocking: list[str] = []

    @override
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.startswith(PACKAGE) and threading.current_thread() is threading.main_thread():
            self.blocking.append(fullname)
        return None


class Warnings(logging.Handler):
    """Keeps Home Assistant's warnings of blocking calls."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    @override
    def emit(self, record: logging.LogRecord) -> None:
        if "blocking call" in (text := record.getMessage()):
            self.texts.append(text)


def loaded() -> list[str]:
    """Return the imported files, relative to the integration's folder."""
    folder = Path(sys.modules[PACKAGE].__file__ or "").parent
    own = [module for name, module in sys.modules.items() if f"{name}.".startswith(f"{PACKAGE}.")]
    return sorted(Path(module.__file__ or "").relative_to(folder).as_posix() for module in own)


async def start_and_use(folder: str, port: int) -> Loaded:
    """Start an entry in a Home Assistant with an empty configuration folder, and use it."""
    watch, warnings = Watch(), Warnings()
    logging.getLogger().addHandler(warnings)
    async with async_test_home_assistant(config_dir=folder) as hass:
        hass.data.pop(loader.DATA_CUSTOM_COMPONENTS)
        block_async_io.enable()
        sys.meta_path.insert(0, watch)
        device = {"path": f"socket://127.0.0.1:{port}", "baudrate": 115200, "flow_control": None}
        entry = MockConfigEntry(domain=DOMAIN, data={"device": device}, unique_id="test")
        entry.add_to_hass(hass)
        hass.set_state(CoreState.starting)
        server = {"server_host": "127.0.0.1", "server_port": free_port()}
        assert await async_setup_component(hass, DOMAIN, {"http": server})
        await hass.async_block_till_done()
        assert entry.state is ConfigEntryState.LOADED, entry.reason
        start = loaded()
        hass.set_state(CoreState.running)
        hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
        await hass.async_block_till_done()
        await _use(hass, entry)
        await _use_zha(hass)
        use = loaded()
        await hass.config_entries.async_remove(entry.entry_id)
        await hass.async_stop(force=True)
    return Loaded(start, use, watch.blocking, warnings.texts)


async def _use(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Create a backup, ask for firmware, request the map, open the flows, and enable the mirror."""
    target = {"config_entry_id": entry.entry_id}
    await hass.services.async_call(DOMAIN, "create_backup", target, blocking=True)
    await _use_firmware(hass, entry)
    (drawing,) = hass.data[image.DATA_COMPONENT].entities
    assert await drawing.async_image()
    await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    await hass.config_entries.options.async_init(entry.entry_id)
    platform: Any = await (await loader.async_get_integration(hass, DOMAIN)).async_get_platform(
        "repairs"
    )
    for issue, ieee in (("issue", "address"), ("database_unusable", None), ("other_network", None)):
        data = {"entry_id": entry.entry_id, "ieee": ieee}
        assert await platform.async_create_fix_flow(hass, issue, data)
    hass.config_entries.async_update_entry(entry, options={"mqtt": {"enabled": True}})
    while f"{PACKAGE}.mqtt.session" not in hass.data["import_cache"]:
        await asyncio.sleep(0.01)


async def _use_firmware(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Search the user's folder for firmware, and ask a device that is not there for its version."""
    errors, firmware = (sys.modules[f"{PACKAGE}.core.{name}"] for name in ("errors", "firmware"))
    server = entry.runtime_data.gateway.radio.firmware
    await hass.async_add_executor_job(server.sources.folder.mkdir)
    assert await server.find("model", firmware.Firmware(1, 1, 1)) is None
    with suppress(errors.DeliveryError):
        await server.ask("00:15:8d:00:00:00:00:99")


async def _use_zha(hass: HomeAssistant) -> None:
    """Add an entry of ZHA that is not loaded, and one that uses its network."""
    zha = MockConfigEntry(domain="zha")
    zha.add_to_hass(hass)
    hass.config_entries.async_update_entry(zha, title="changed")
    await hass.async_block_till_done()
    data = {"host": "zha", "disabled_zha_entities": {"unknown": True}}
    guest = MockConfigEntry(domain=DOMAIN, data=data, unique_id="epid=00:11:22:33:44:55:66:77")
    guest.add_to_hass(hass)
    await hass.config_entries.async_setup(guest.entry_id)
    assert guest.state is ConfigEntryState.SETUP_RETRY, guest.reason
    await hass.config_entries.async_remove(guest.entry_id)


if __name__ == "__main__":
    gc.disable()  # a collection would count as the import time of the module that it interrupts
    with tempfile.TemporaryDirectory() as place:
        sys.stdout.write(json.dumps(asyncio.run(start_and_use(place, int(sys.argv[1])))))
