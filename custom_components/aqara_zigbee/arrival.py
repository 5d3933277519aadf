"""What moves in with a new config entry: laid out by the config flow, taken up at its first start.

A config flow does not know the id of the entry it makes, and our files are named by it. So the
flow lays its files out under a name of their own, and the entry says which.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.storage import STORAGE_DIR, Store

from .const import DOMAIN
from .core.radio import Ieee
from .store import Memory, database_path, delete_database

CONF_ARRIVAL = "arrival"
"""In an entry's data until its first start: the name its files were laid out under."""

_PREFIX = "arrival-"
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Place:
    """What a device is to Home Assistant.

    Attributes:
        name: as its owner called it; None if nobody did.
        area, labels: registry ids.
    """

    name: str | None = None
    area: str | None = None
    labels: tuple[str, ...] = ()


class Arrival:
    """Files that wait for their entry.

    Attributes:
        key: what they are named by.
        database: where zigpy's is.
    """

    def __init__(self, hass: HomeAssistant, key: str) -> None:
        self.key = key
        self.database = database_path(hass, key)
        self._hass = hass
        self._memory = Memory(hass, key)
        self._places = Store[dict[str, Any]](hass, _VERSION, f"{DOMAIN}.{key}.places")

    @classmethod
    def of_flow(cls, hass: HomeAssistant, flow_id: str) -> Arrival:
        """The files of a flow."""
        return cls(hass, _PREFIX + flow_id)

    async def lay_out(
        self, memories: Mapping[Ieee, Mapping[str, Any]], places: Mapping[Ieee, Place]
    ) -> None:
        """Write down what is to be remembered of the devices. The database is written by others.

        Args:
            memories: of each device, what `Device.as_dict` gives.
            places: what those are called that have a name, and where they are.
        """
        self._memory.remember(lambda: {"devices": dict(memories), "dismissed": []})
        await self._memory.save()
        await self._places.async_save({ieee: asdict(place) for ieee, place in places.items()})

    async def take_up(self, entry: ConfigEntry) -> None:
        """Give an entry its files and devices. Interrupted, it can be done again."""
        target = database_path(self._hass, entry.entry_id)
        await self._hass.async_add_executor_job(_move, self.database, target)
        if memories := await self._memory.load():
            memory = Memory(self._hass, entry.entry_id)
            memory.remember(lambda: memories)
            await memory.save()
        for ieee, place in (await self._places.async_load() or {}).items():
            self._register(entry, ieee, Place(**place))

    @callback
    def _register(self, entry: ConfigEntry, ieee: Ieee, place: Place) -> None:
        """Name a device before it has entities, whose ids are made of its name."""
        registry = dr.async_get(self._hass)
        device = registry.async_get_or_create(
            config_entry_id=entry.entry_id,
            identifiers={(DOMAIN, ieee)},
            connections={(dr.CONNECTION_ZIGBEE, ieee)},
        )
        registry.async_update_device(
            device.id, name_by_user=place.name, area_id=place.area, labels=set(place.labels)
        )

    @property
    def is_expected(self) -> bool:
        """Whether an entry waits for the files."""
        entries = self._hass.config_entries.async_entries(DOMAIN)
        return any(entry.data.get(CONF_ARRIVAL) == self.key for entry in entries)

    async def discard(self) -> None:
        """Delete the files."""
        await self._memory.remove()
        await self._places.async_remove()
        await self._hass.async_add_executor_job(delete_database, self.database)


def _move(source: Path, target: Path) -> None:
    if source.exists():
        source.replace(target)


async def settle(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Take up what was laid out for an entry, if anything was."""
    if (key := entry.data.get(CONF_ARRIVAL)) is None:
        return
    arrival = Arrival(hass, key)
    await arrival.take_up(entry)
    data = {name: value for name, value in entry.data.items() if name != CONF_ARRIVAL}
    hass.config_entries.async_update_entry(entry, data=data)
    await arrival.discard()


async def forget(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Delete what was laid out for an entry that is removed before it ever started."""
    if key := entry.data.get(CONF_ARRIVAL):
        await Arrival(hass, key).discard()


async def sweep(hass: HomeAssistant) -> None:
    """Delete what was laid out for entries that never came to be."""
    expected = {
        *(entry.data.get(CONF_ARRIVAL) for entry in hass.config_entries.async_entries(DOMAIN)),
        *(
            _PREFIX + flow["flow_id"]
            for flow in hass.config_entries.flow.async_progress_by_handler(DOMAIN)
        ),
    }
    folder = Path(hass.config.path(STORAGE_DIR))
    for key in await hass.async_add_executor_job(_keys, folder):
        if key not in expected:
            await Arrival(hass, key).discard()


def _keys(folder: Path) -> set[str]:
    files = folder.glob(f"{DOMAIN}.{_PREFIX}*")
    return {file.name.removeprefix(f"{DOMAIN}.").partition(".")[0] for file in files}
