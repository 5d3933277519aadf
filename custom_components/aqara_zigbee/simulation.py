"""The virtual coordinator as a config entry: a home that is not there, living in Home Assistant.

For people without a stick and for trying out automations. The home and all that happened in it
survive a restart, like a real one.
"""

from collections.abc import Callable, Mapping
import math
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store

from .const import DOMAIN
from .core.devices import DEFINITIONS
from .radio.virtual.devices import MODELS, Knob, Lock, LockS2, Plug, Relay
from .radio.virtual.home import Home
from .radio.virtual.life import Life

NAME = DOMAIN
URL = f"virtual://{NAME}"

_VERSION = 1
_FACTOR = 60.0
"""A day passes in 24 minutes."""

_SAVE_SECONDS = 2.0


class Simulation:
    """A virtual home with one device of each model, plugged in at `URL`.

    Attributes:
        models: what can be paired besides; model identifiers and what they are called.
        is_plugged_in: whether the stick is in its port.
        reappeared: called when the stick is plugged in again.
    """

    models: Mapping[str, str] = {
        model: DEFINITIONS[model].description if model in DEFINITIONS else model for model in MODELS
    }

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        self._store = Store[dict[str, Any]](hass, _VERSION, f"{DOMAIN}.{entry_id}.virtual")
        self._life: Life | None = None
        self._home: Home | None = None
        self.is_plugged_in = False
        self.reappeared: Callable[[], object] = lambda: None

    @property
    def home(self) -> Home:
        """The home, once it is there."""
        assert self._home is not None
        return self._home

    @property
    def is_new(self) -> bool:
        """Whether no device has found the network yet."""
        return not any(node.joined for node in self.home.devices)

    async def open(self) -> None:
        """Let the home live on, or move in: the stick has a network, its devices still look for one."""
        saved = await self._store.async_load()
        self._home = Home.restored(saved) if saved else _new_home()
        self._home.plug_in(NAME)
        self.is_plugged_in = True

    def look_for_network(self) -> None:
        """Let all devices join as soon as they may."""
        for node in self.home.devices:
            self.home.network.look_for(node, patience=math.inf)

    def live(self) -> None:
        """Let days pass."""
        self._life = Life(self.home, factor=_FACTOR)
        self._life.start()

    def pair(self, model: str) -> None:
        """Bring one more device into the home and press its button."""
        node = self.home.add(MODELS[model]())
        self.home.network.look_for(node)

    def pull_out(self) -> None:
        """Pull the stick out."""
        self.home.unplug()
        self.is_plugged_in = False

    def push_in(self) -> None:
        """Plug it in again."""
        self.home.plug_in(NAME)
        self.is_plugged_in = True
        self.reappeared()

    def save_soon(self) -> None:
        """Write down what has changed, such as a device that joined."""
        self._store.async_delay_save(self.home.snapshot, _SAVE_SECONDS)

    async def close(self) -> None:
        """Pull the stick out and write everything down."""
        if self._life is not None:
            self._life.stop()
        home, self._home = self._home, None
        if home is not None:
            await home.close()
            await self._store.async_save(home.snapshot())

    async def remove(self) -> None:
        """Forget that it ever was."""
        await self._store.async_remove()


def _new_home() -> Home:
    home = Home()
    home.form()
    for node in (Plug(), Relay(), LockS2(), Lock(), Knob()):
        home.add(node)
    return home
