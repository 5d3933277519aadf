"""Files of a new config entry: written by the config flow, used at the entry's first start.

A config flow does not know the id of its entry, by which files are named. So the flow writes its
files under another name, which is in the entry's data.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
import logging
from pathlib import Path
from typing import Any, Self

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback

from ..const import DOMAIN
from ..core.errors import StorageError
from ..core.limits import known_columns, known_members
from ..core.radio import Ieee
from ..registry import register_with_details, registered_device
from .files import CONF_ARRIVAL, STAGED, DurableStore, database_path, delete_database, staged_names
from .store import Memory

_LOGGER = logging.getLogger(__name__)

_VERSION = 1


@dataclass(frozen=True, slots=True)
class RegistryDetails:
    """A device's data in Home Assistant's registry.

    Attributes:
        name: the user's name for it, None without one.
        area, labels: registry ids.
    """

    name: str | None = None
    area: str | None = None
    labels: tuple[str, ...] = ()

    @classmethod
    def from_dict(cls, stored: object) -> Self:
        """Create details from `asdict`.

        Raises:
            ValueError: it is damaged.
        """
        found = known_members(stored, name=str | None, area=str | None, labels=list)
        labels = known_columns(found["labels"], *[str] * len(found["labels"]))
        return cls(found["name"], found["area"], tuple(labels))


class StagedFiles:
    """Files waiting for their entry.

    Attributes:
        key: their name.
        database: the path of zigpy's database.
    """

    def __init__(self, hass: HomeAssistant, key: str) -> None:
        self.key = key
        self.database = database_path(hass, key)
        self._hass = hass
        self._memory = Memory(hass, key)
        self._places = DurableStore(hass, _VERSION, f"{DOMAIN}.{key}.places")

    @classmethod
    def of_flow(cls, hass: HomeAssistant, flow_id: str) -> StagedFiles:
        """Return the files of a flow."""
        return cls(hass, STAGED + flow_id)

    async def lay_out(
        self, memories: Mapping[Ieee, Mapping[str, Any]], places: Mapping[Ieee, RegistryDetails]
    ) -> None:
        """Write the devices' data. The database is written elsewhere.

        Args:
            memories: each device's data, as of `Device.as_dict`.
            places: the names and areas of devices.

        Raises:
            OSError: they cannot be written.
        """
        try:
            await self._memory.write({"devices": dict(memories), "dismissed": []})
            await self._places.save({ieee: asdict(place) for ieee, place in places.items()})
        except StorageError as error:
            raise OSError(error.reason) from error
        finally:
            await self._memory.close()

    async def take_up(self, entry: ConfigEntry) -> None:
        """Move the files and devices to an entry. It can be repeated after an interruption.

        Data that the entry already has of a device, because it used the network before, is kept.

        Raises:
            StorageError: they could not be read or written.
        """
        target = database_path(self._hass, entry.entry_id)
        await self._hass.async_add_executor_job(_move, self.database, target)
        memory = Memory(self._hass, entry.entry_id)
        try:
            if memories := await self._memory.load():
                known = await memory.load()
                devices = {**memories["devices"], **known.get("devices", {})}
                await memory.write({**memories, **known, "devices": devices})
        finally:
            await memory.close()
            await self._memory.close()
        for ieee, place in (await self._places.load()).items():
            if registered_device(self._hass, entry.entry_id, ieee) is None:
                self._take_place(entry, ieee, place)

    @callback
    def _take_place(self, entry: ConfigEntry, ieee: Ieee, place: object) -> None:
        """Register a device, unless its details are damaged."""
        try:
            details = RegistryDetails.from_dict(place)
        except ValueError as error:
            _LOGGER.warning("The name and area of %s cannot be used: %s", ieee, error)
        else:
            self._register(entry, ieee, details)

    @callback
    def _register(self, entry: ConfigEntry, ieee: Ieee, place: RegistryDetails) -> None:
        """Name a device before it has entities, whose ids contain its name."""
        register_with_details(
            self._hass, entry, ieee, name=place.name, area=place.area, labels=place.labels
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
    """Move staged files to an entry, if there are any."""
    if (key := entry.data.get(CONF_ARRIVAL)) is None:
        return
    arrival = StagedFiles(hass, key)
    await arrival.take_up(entry)
    data = {name: value for name, value in entry.data.items() if name != CONF_ARRIVAL}
    hass.config_entries.async_update_entry(entry, data=data)
    await arrival.discard()


async def forget(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Delete staged files of an entry that is removed before its first start."""
    if key := entry.data.get(CONF_ARRIVAL):
        await StagedFiles(hass, key).discard()


async def sweep(hass: HomeAssistant) -> None:
    """Delete staged files without an entry."""
    expected = {
        *(entry.data.get(CONF_ARRIVAL) for entry in hass.config_entries.async_entries(DOMAIN)),
        *(
            STAGED + flow["flow_id"]
            for flow in hass.config_entries.flow.async_progress_by_handler(DOMAIN)
        ),
    }
    for key in await hass.async_add_executor_job(staged_names, hass):
        if key not in expected:
            await StagedFiles(hass, key).discard()
