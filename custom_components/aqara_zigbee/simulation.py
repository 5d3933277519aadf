"""The virtual coordinator as a config entry: a home that is not there, living in Home Assistant.

For people without a stick and for trying out automations. The home and all that happened in it
survive a restart, like a real one.
"""

import math
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store

from .const import DOMAIN
from .radio.virtual.devices import Knob, Lock, LockS2, Plug, Relay
from .radio.virtual.home import Home
from .radio.virtual.life import Life

NAME = DOMAIN
URL = f"virtual://{NAME}"

_VERSION = 1
_FACTOR = 60.0
"""A day passes in 24 minutes."""


class Simulation:
    """A virtual home with one device of each model, plugged in at `URL`."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        self._store = Store[dict[str, Any]](hass, _VERSION, f"{DOMAIN}.{entry_id}.virtual")
        self._home: Home | None = None
        self._life: Life | None = None

    async def plug_in(self) -> None:
        """Let the home live on, or move in: the stick has a network, its devices still look for one."""
        saved = await self._store.async_load()
        self._home = Home.restored(saved) if saved else _new_home()
        self._home.plug_in(NAME)

    def live(self) -> None:
        """Let devices join that have not, and days pass."""
        assert self._home is not None
        for node in self._home.devices:
            if not node.joined:
                self._home.network.look_for(node, patience=math.inf)
        self._life = Life(self._home, factor=_FACTOR)
        self._life.start()

    async def unplug(self) -> None:
        """Pull the stick out and write everything down."""
        home, self._home = self._home, None
        if self._life is not None:
            self._life.stop()
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
