"""Steps of the config flow that move a network in from another program.

First what the other program knows is read, then what the stick holds; then the whole is summed up,
and nothing is done before somebody has seen that.
"""

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
import sqlite3
from typing import Any, override

from homeassistant.config_entries import (
    ConfigEntryDisabler,
    ConfigEntryState,
    ConfigFlowResult,
    OperationNotAllowed,
)
from homeassistant.core import callback
from homeassistant.helpers.selector import BooleanSelector, FileSelector, FileSelectorConfig
from homeassistant.util import dt as dt_util
import probatio

from ..arrival import CONF_ARRIVAL, Arrival, Place
from ..core.devices import DEFINITIONS
from ..core.radio import Ieee
from ..mirror.names import OPTION, address
from ..mqtt import CONF_ENABLED, CONF_MQTT, problem_with
from ..phrases import phrases
from ..radio import database, zha, zigbee2mqtt
from ..radio.backup import Backup, BackupError
from ..radio.network import Port
from ..radio.takeover import (
    Deed,
    Household,
    Member,
    Mistake,
    Survey,
    TakeoverError,
    memories,
    model_of,
    survey,
)
from ..store import delete_database
from .port import Purpose, unique_id
from .previous import MQTT, ZHA, Zha, places
from .restore import CONF_OVERWRITE, RestoreFlow, Upload, UploadError, read_upload
from .summary import device_list, doubt_list, loss_list, stick_line

CONF_ARCHIVE = "archive"
CONF_MIRROR = "mirror"

_FILES = {
    "backup": zigbee2mqtt.BACKUP,
    "database": zigbee2mqtt.DATABASE,
    "configuration": zigbee2mqtt.CONFIGURATION,
    "devices": zigbee2mqtt.DEVICES,
    "states": zigbee2mqtt.STATES,
}
"""Fields of the form, by attributes of `zigbee2mqtt.Files`, and the files that belong there."""

_MOST_ARCHIVE = 64 * 1024 * 1024


def _file(accept: str) -> FileSelector:
    return FileSelector(FileSelectorConfig(accept=accept))


_UPLOADS = probatio.Schema(
    {
        probatio.Optional(CONF_ARCHIVE): _file(".zip,application/zip"),
        **{
            probatio.Optional(field): _file("." + name.rpartition(".")[2])
            for field, name in _FILES.items()
        },
    }
)


class Origin(StrEnum):
    """Where a network moves in from."""

    ZHA = "zha"
    ZIGBEE2MQTT = "zigbee2mqtt"


class TakeoverFlow(RestoreFlow):
    """From another program's files to a stick that holds its network, and devices that are ours.

    Attributes:
        _zha: ZHA on this machine, None if it is not there.
        _household: what the other program knows.
        _places: what people gave the devices in Home Assistant.
    """

    def __init__(self) -> None:
        super().__init__()
        self._zha: Zha | None = None
        self._origin: Origin | None = None
        self._household: Household | None = None
        self._places: dict[Ieee, Place] = {}
        self._options: dict[str, Any] = {}
        self._has_silenced_zha = False

    @property
    def _arrival(self) -> Arrival:
        return Arrival.of_flow(self.hass, self.flow_id)

    # From ZHA

    async def async_step_zha(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Say what will happen to ZHA."""
        assert self._zha is not None
        self._purpose, self._origin = Purpose.MOVE_IN, Origin.ZHA
        if self._zha.entry is not None:
            self._port = Port.from_dict(self._zha.entry.data["device"])
        if user_input is not None:
            return await self.async_step_read_zha()
        return self.async_show_form(
            step_id="zha",
            data_schema=probatio.Schema({}),
            errors=self._taken_error(),
            description_placeholders={"file": str(self._zha.database)},
        )

    async def async_step_read_zha(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Let ZHA go of its stick, and read what it knows."""
        following = "probe" if self._port.path else "port"
        return await self._work("read_zha", self._read_zha, done=following, failed="zha")

    async def _read_zha(self) -> None:
        assert self._zha is not None
        await self._silence_zha()
        target = self._arrival.database
        await self.hass.async_add_executor_job(delete_database, target)
        await self.hass.async_add_executor_job(zha.copy, self._zha.database, target)
        self._household = await zha.household(target)

    async def _silence_zha(self) -> None:
        """Disable ZHA's entry.

        Raises:
            TakeoverError: it goes on running.
        """
        assert self._zha is not None
        entry = self._zha.entry
        if entry is None or entry.disabled_by is not None:
            return
        self._has_silenced_zha = True
        try:
            await self.hass.config_entries.async_set_disabled_by(
                entry.entry_id, ConfigEntryDisabler.USER
            )
        except OperationNotAllowed as error:
            raise TakeoverError(Mistake.RUNNING) from error
        if entry.state is not ConfigEntryState.NOT_LOADED:
            raise TakeoverError(Mistake.RUNNING)

    # From Zigbee2MQTT

    async def async_step_zigbee2mqtt(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for its files."""
        self._purpose, self._origin = Purpose.MOVE_IN, Origin.ZIGBEE2MQTT
        errors: dict[str, str] = {}
        if user_input is not None:
            try:
                self._household = await self.hass.async_add_executor_job(
                    self._read_files, user_input
                )
            except UploadError:
                errors["base"] = "upload_gone"
            except TakeoverError as error:
                errors["base"], self._file = error.mistake, error.file
            except BackupError as error:
                errors["base"], self._file = error.flaw, zigbee2mqtt.BACKUP
            else:
                self._port = Port(self._household.port)
                return await self.async_step_port()
        return self.async_show_form(
            step_id="zigbee2mqtt",
            data_schema=_UPLOADS,
            errors=errors,
            description_placeholders={"file": self._file},
        )

    def _read_files(self, user_input: Mapping[str, str]) -> Household:
        """What uploaded files say. To be called outside the event loop.

        A file that is uploaded for itself comes before the one in the archive.
        """
        uploads = {
            field: read_upload(self.hass, file_id, _MOST_ARCHIVE)
            for field, file_id in user_input.items()
        }
        archive = uploads.pop(CONF_ARCHIVE, None)
        given = {field: upload.content for field, upload in uploads.items()}
        if archive is not None:
            files = replace(_unpacked(archive), **given)
        else:
            for field in ("backup", "database"):
                if field not in given:
                    raise TakeoverError(Mistake.MISSING, _FILES[field])
            files = zigbee2mqtt.Files(**given)
        return zigbee2mqtt.household(files)

    # What would happen

    async def async_step_summary(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show what would happen. Until this is confirmed, nothing has."""
        assert self._household is not None
        try:
            found = survey(self._household, DEFINITIONS, self._held, dt_util.utcnow())
        except TakeoverError as error:
            self._set_error(error)
            return await self.async_step_port()
        await self.async_set_unique_id(unique_id(self._network(found).extended_pan_id))
        self._abort_if_unique_id_configured()
        self._places = self._find_places()
        errors = self._taken_error()
        if user_input is not None and not errors:
            if user_input.get(CONF_OVERWRITE, True):
                self._options = self._mirror_options(user_input.get(CONF_MIRROR, False))
                return await self.async_step_move_in()
            errors["base"] = "not_confirmed"
        return await self._show_summary(found, errors)

    async def _show_summary(self, found: Survey, errors: dict[str, str]) -> ConfigFlowResult:
        words = await phrases(self.hass, "takeover")
        fields: dict[probatio.Marker, Any] = {}
        if found.deed is Deed.OVERWRITE:
            fields[probatio.Required(CONF_OVERWRITE, default=False)] = BooleanSelector()
        if self._origin is Origin.ZIGBEE2MQTT and self._has_mqtt():
            fields[probatio.Required(CONF_MIRROR, default=False)] = BooleanSelector()
        names = {ieee: place.name for ieee, place in self._places.items()}
        return self.async_show_form(
            step_id="summary",
            data_schema=probatio.Schema(fields),
            errors=errors,
            description_placeholders={
                "path": self._port.path,
                "file": self._file,
                "stick": stick_line(found, self._network(found), self._held, words),
                "devices": device_list(found, names, words),
                "losses": loss_list(found, words),
                "doubts": doubt_list(found, words),
            },
        )

    def _network(self, found: Survey) -> Backup:
        """What the stick will hold."""
        network = self._held if found.deed is Deed.KEEP else self._members().backup
        assert network is not None
        return network

    def _members(self) -> Household:
        assert self._household is not None
        return self._household

    @callback
    def _find_places(self) -> dict[Ieee, Place]:
        """Names, areas and labels; the names of Zigbee2MQTT are its own."""
        members = self._members().members
        domain = ZHA if self._origin is Origin.ZHA else MQTT
        found = places(self.hass, domain, (member.node.ieee for member in members))
        for member in members:
            if member.name is not None:
                place = found.get(member.node.ieee, Place())
                found[member.node.ieee] = replace(place, name=member.name)
        return found

    def _has_mqtt(self) -> bool:
        return self.hass.config_entries.async_has_entries(MQTT, include_disabled=False)

    def _mirror_options(self, is_wanted: bool) -> dict[str, Any]:
        """The mirror's options as they were in Zigbee2MQTT; a base topic that cannot be is left out."""
        settings = dict(self._members().mirror)
        if problem_with(settings.get("base_topic", "")) is not None:
            settings.pop("base_topic", None)
        if not settings and not is_wanted:
            return {}
        return {CONF_MQTT: {CONF_ENABLED: is_wanted, **settings}}

    # Doing it

    async def async_step_move_in(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Write everything down, and the network onto the stick if it does not hold it."""
        return await self._work("move_in", self._move_in, done="moved_in", failed="summary")

    async def _move_in(self) -> None:
        household = self._members()
        found = survey(household, DEFINITIONS, self._held, dt_util.utcnow())
        try:
            await self._lay_out(household)
        except (OSError, sqlite3.Error) as error:
            raise TakeoverError(Mistake.STORAGE) from error
        if found.deed is Deed.KEEP:
            self._found = self._network(found).stick
        else:
            await self._write(self._network(found))

    async def _lay_out(self, household: Household) -> None:
        stored = memories(household.members, DEFINITIONS)
        now = dt_util.utcnow().isoformat()
        for member in household.members:
            memory = stored[member.node.ieee]
            # Its silence counts from today, so that what it said last is shown until it speaks.
            memory["last_seen"] = now
            if self._origin is Origin.ZIGBEE2MQTT:
                memory["options"] |= _topic(member)
        await self._arrival.lay_out(stored, self._places)
        if self._origin is Origin.ZIGBEE2MQTT:
            path = self._arrival.database
            await self.hass.async_add_executor_job(delete_database, path)
            nodes = [(member.node, member.last_seen) for member in household.members]
            await database.create(path, nodes)

    async def async_step_moved_in(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """All is ready for the entry's first start."""
        return await self._create({CONF_ARRIVAL: self._arrival.key}, self._options)

    @callback
    @override
    def async_remove(self) -> None:
        """The dialogue is over. Without an entry, everything is to be as it was before."""
        super().async_remove()
        if self._origin is not None:
            self.hass.async_create_task(self._clear_away())

    async def _clear_away(self) -> None:
        await self._settled()
        if not self._arrival.is_expected:
            await self._arrival.discard()
        if self._has_silenced_zha and not self._is_created:
            assert self._zha is not None
            assert self._zha.entry is not None
            await self.hass.config_entries.async_set_disabled_by(self._zha.entry.entry_id, None)


def _unpacked(archive: Upload) -> zigbee2mqtt.Files:
    """The files of an archive.

    Raises:
        TakeoverError: it is none, or lacks something.
    """
    if len(archive.content) > _MOST_ARCHIVE:
        raise TakeoverError(Mistake.TOO_LARGE, archive.name)
    try:
        return zigbee2mqtt.unpack(archive.content)
    except TakeoverError as error:
        raise TakeoverError(error.mistake, error.file or archive.name) from error


def _topic(member: Member) -> dict[str, Any]:
    """The name that a device has on MQTT, so that it keeps it (`mirror.names`)."""
    definition = DEFINITIONS.get(model_of(member.node))
    if member.name is not None:
        return {OPTION: {"of": member.name, "is": member.name}}
    if definition is not None:
        return {OPTION: {"of": definition.description, "is": address(member.node.ieee)}}
    return {}
