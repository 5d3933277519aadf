"""The virtual coordinator as a config entry, with a simulated home.

It serves people without a coordinator, and tests of automations. The home and its state survive a
restart.
"""

from collections.abc import Callable, Mapping
import logging
import math
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .core.device import Device
from .core.errors import StorageError
from .core.events import NetworkEvent
from .core.gateway import MOST_SECONDS, Gateway
from .core.models import DEFINITIONS
from .simulator.devices import MODELS, Knob, Lock, LockS2, Plug, Relay
from .simulator.home import DAMAGE, Home
from .simulator.life import Life
from .storage.files import DurableStore

_LOGGER = logging.getLogger(__name__)

_VERSION = 1
_FACTOR = 60.0
"""Seconds of the simulated day per second: a day takes 24 minutes."""

_SAVE_SECONDS = 2.0


class Simulation:
    """A virtual home with five devices, connected at `VIRTUAL_PORT`.

    Attributes:
        models: further devices for pairing: model identifiers and names.
        is_plugged_in: whether the coordinator is connected.
        reappeared: called when the coordinator is connected again.
    """

    models: Mapping[str, str] = {
        model: DEFINITIONS[model].description if model in DEFINITIONS else model for model in MODELS
    }

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        self._store = DurableStore(hass, _VERSION, f"{DOMAIN}.{entry_id}.virtual")
        self._life: Life | None = None
        self._home: Home | None = None
        self.is_plugged_in = False
        self.reappeared: Callable[[], object] = lambda: None

    @property
    def home(self) -> Home:
        """The home, once it is open."""
        assert self._home is not None
        return self._home

    @property
    def is_new(self) -> bool:
        """Whether no device has joined yet."""
        return not any(node.joined for node in self.home.devices)

    async def open(self) -> None:
        """Restore the home or create it, with a formed network and devices that search for it."""
        try:
            saved = await self._store.load()
        except StorageError as error:
            _LOGGER.warning("%s cannot be read: %s", self._store.path, error)
            saved = {}
        self._home = _restored(saved) if saved else _new_home()
        self._home.plug_in(DOMAIN)
        self.is_plugged_in = True

    def search_network(self) -> None:
        """Let all devices join as soon as joins are permitted."""
        for node in self.home.devices:
            self.home.network.search(node, patience=math.inf)

    async def move_in(self, entry: ConfigEntry, gateway: Gateway) -> None:
        """Let the devices in when they are new, and let their days pass."""

        @callback
        def on_event(_event: NetworkEvent, _device: Device) -> None:
            self.save_soon()

        entry.async_on_unload(gateway.subscribe(on_event))
        if self.is_new:
            self.search_network()
            await gateway.permit(MOST_SECONDS, dt_util.utcnow())
        self.live()

    def live(self) -> None:
        """Start the simulated days."""
        self._life = Life(self.home, factor=_FACTOR)
        self._life.start()

    def pair(self, model: str) -> None:
        """Add a device of a model and press its button."""
        node = self.home.add(MODELS[model]())
        self.home.network.search(node)

    def pull_out(self) -> None:
        """Disconnect the coordinator."""
        self.home.unplug()
        self.is_plugged_in = False

    def push_in(self) -> None:
        """Connect the coordinator again."""
        self.home.plug_in(DOMAIN)
        self.is_plugged_in = True
        self.reappeared()

    def save_soon(self) -> None:
        """Store changes soon, such as a device that joined."""
        self._store.async_delay_save(self.home.snapshot, _SAVE_SECONDS)

    async def close(self) -> None:
        """Disconnect the coordinator and store everything."""
        if self._life is not None:
            self._life.stop()
        home, self._home = self._home, None
        if home is not None:
            await home.close()
            await self._store.async_save(home.snapshot())

    async def remove(self) -> None:
        """Delete the stored home."""
        await self._store.async_remove()


def _restored(saved: dict[str, Any]) -> Home:
    """Restore a saved home without its damaged devices, or create a new one."""
    try:
        return Home.restored(saved, on_damage=_log_damage)
    except DAMAGE as error:
        _LOGGER.warning("The virtual home cannot be restored and is a new one: %r", error)
        return _new_home()


def _log_damage(error: Exception) -> None:
    _LOGGER.warning("A virtual device cannot be restored and is omitted: %r", error)


def _new_home() -> Home:
    home = Home()
    home.form()
    for node in (Plug(), Relay(), LockS2(), Lock(), Knob()):
        home.add(node)
    return home
