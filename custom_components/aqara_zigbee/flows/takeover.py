"""Steps of the config flow that migrate a network from another program.

First the other program's data is read, then the coordinator; then a summary is shown, and nothing
is changed before a user has confirmed it.
"""

from dataclasses import replace
from enum import StrEnum
import sqlite3
from typing import Any, override

from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigEntryDisabler,
    ConfigEntryState,
    ConfigFlowResult,
    OperationNotAllowed,
)
from homeassistant.core import callback
from homeassistant.helpers.selector import BooleanSelector
from homeassistant.util import dt as dt_util
import probatio

from ..const import CONF_ENABLED, CONF_MQTT
from ..core.models import DEFINITIONS
from ..core.radio import Ieee
from ..mirror.names import Name, address
from ..mirror.topics import problem_with, topic_name
from ..radio.backup import BackupError
from ..radio.migration import database, zha
from ..radio.migration.memories import memories
from ..radio.migration.source import (
    MigrationFailure,
    SourceDevice,
    SourceNetwork,
    TakeoverError,
    model_of,
)
from ..radio.migration.survey import CoordinatorAction, Survey, survey
from ..radio.migration.z2m_files import BACKUP
from ..radio.network import Port
from ..storage.files import CONF_ARRIVAL, delete_database
from ..storage.staged_files import RegistryDetails, StagedFiles
from ..texts import load_texts
from .network_id import unique_id_of
from .port import Purpose
from .previous import MQTT, ZHA, Zha, places
from .restore import CONF_OVERWRITE, RestoreFlow
from .summary import coordinator_line, device_list, doubt_list, loss_list
from .upload import UploadError
from .z2m_upload import CONF_FILES, read_files, uploads

CONF_MIRROR = "mirror"


class Origin(StrEnum):
    """Programs from which a network can be migrated."""

    ZHA = "zha"
    ZIGBEE2MQTT = "zigbee2mqtt"


class TakeoverFlow(RestoreFlow):
    """From another program's files to a coordinator with its network, and to our devices.

    Attributes:
        _zha: ZHA on this machine, None without it.
        _household: the other program's network.
        _places: the users' data of the devices in Home Assistant.
    """

    def __init__(self) -> None:
        super().__init__()
        self._zha: Zha | None = None
        self._origin: Origin | None = None
        self._household: SourceNetwork | None = None
        self._places: dict[Ieee, RegistryDetails] = {}
        self._options: dict[str, Any] = {}
        self._has_silenced_zha = False

    @property
    @override
    def _migrations(self) -> list[str]:
        return [*([ZHA] if self._zha is not None else []), "zigbee2mqtt"]

    @property
    def _arrival(self) -> StagedFiles:
        return StagedFiles.of_flow(self.hass, self.flow_id)

    # From ZHA

    async def async_step_zha(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Explain what happens to ZHA."""
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
        """Let ZHA release its coordinator, and read its data."""
        following = "probe" if self._port.path else "port"
        return await self._work_at_port("read_zha", self._read_zha, done=following, failed="zha")

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
            TakeoverError: it keeps running.
        """
        assert self._zha is not None
        entry = self._zha.entry
        if entry is None:
            return
        if entry.disabled_by is None:
            self._has_silenced_zha = True
            try:
                await self.hass.config_entries.async_set_disabled_by(
                    entry.entry_id, ConfigEntryDisabler.USER
                )
            except OperationNotAllowed as error:
                raise TakeoverError(MigrationFailure.RUNNING) from error
        if entry.state is not ConfigEntryState.NOT_LOADED:
            raise TakeoverError(MigrationFailure.RUNNING)

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
                    read_files, self.hass, user_input
                )
            except UploadError:
                errors["base"] = "upload_gone"
            except TakeoverError as error:
                errors["base"], self._file = error.failure, error.file
            except BackupError as error:
                errors["base"], self._file = error.problem, BACKUP
            else:
                if not self._port.path:  # if none was chosen before
                    self._port = Port(self._household.port)
                return await self.async_step_port()
        return self.async_show_form(
            step_id="zigbee2mqtt",
            data_schema=uploads(has_files=bool((user_input or {}).get(CONF_FILES))),
            errors=errors,
            description_placeholders={"file": self._file},
        )

    # Summary

    async def async_step_summary(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show what would happen. Nothing is changed before it is confirmed."""
        assert self._household is not None
        try:
            found = survey(self._household, DEFINITIONS, self._held, dt_util.utcnow())
        except TakeoverError as error:
            self._set_error(error)
            return await self.async_step_port()
        await self.async_set_unique_id(
            await unique_id_of(self.hass, found.network),
            raise_on_progress=self.source != SOURCE_USER,
        )
        self._abort_if_network_configured()
        self._places = self._find_places()
        errors = self._taken_error()
        if user_input is not None and not errors:
            if user_input.get(CONF_OVERWRITE, True):
                self._options = self._mirror_options(user_input.get(CONF_MIRROR, False))
                return await self.async_step_move_in()
            errors["base"] = "not_confirmed"
        return await self._show_summary(found, errors)

    async def _show_summary(self, found: Survey, errors: dict[str, str]) -> ConfigFlowResult:
        texts = await load_texts(self.hass, "takeover")
        fields: dict[probatio.Marker, Any] = {}
        if found.deed is CoordinatorAction.OVERWRITE:
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
                "stick": coordinator_line(found, self._held, texts),
                "devices": device_list(found, names, texts),
                "losses": loss_list(found, texts, is_mqtt=self._origin is Origin.ZIGBEE2MQTT),
                "doubts": doubt_list(found, texts),
            },
        )

    def _members(self) -> SourceNetwork:
        assert self._household is not None
        return self._household

    @callback
    def _find_places(self) -> dict[Ieee, RegistryDetails]:
        """Return names, areas and labels; devices without a name get their friendly name."""
        members = self._members().members
        domain = ZHA if self._origin is Origin.ZHA else MQTT
        found = places(self.hass, domain, (member.node.ieee for member in members))
        for member in members:
            place = found.get(member.node.ieee, RegistryDetails())
            if member.name is not None and place.name is None:
                found[member.node.ieee] = replace(place, name=member.name)
        return found

    def _has_mqtt(self) -> bool:
        return self.hass.config_entries.async_has_entries(MQTT, include_disabled=False)

    def _mirror_options(self, is_wanted: bool) -> dict[str, Any]:
        """Return the mirror's options from Zigbee2MQTT, without an invalid base topic."""
        settings = dict(self._members().mirror)
        if problem_with(settings.get("base_topic", "")) is not None:
            settings.pop("base_topic", None)
        if not settings and not is_wanted:
            return {}
        return {CONF_MQTT: {CONF_ENABLED: is_wanted, **settings}}

    # Migration

    async def async_step_move_in(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Write all files, and the network to the coordinator if it does not have it."""
        return await self._work_at_port("move_in", self._move_in, done="moved_in", failed="summary")

    async def _move_in(self) -> None:
        household = self._members()
        found = survey(household, DEFINITIONS, self._held, dt_util.utcnow())
        try:
            await self._lay_out(household)
        except (OSError, sqlite3.Error) as error:
            raise TakeoverError(MigrationFailure.STORAGE) from error
        if found.deed is CoordinatorAction.KEEP:
            self._found = found.network.stick
        else:
            await self._write(found.network)

    async def _lay_out(self, household: SourceNetwork) -> None:
        stored = memories(household.members, DEFINITIONS)
        now = dt_util.utcnow().isoformat()
        for member in household.members:
            memory = stored[member.node.ieee]
            # Its silence counts from today, so that its last state is shown until its next frame.
            memory["last_seen"] = now
            if self._origin is Origin.ZIGBEE2MQTT:
                memory["options"] |= _topic(
                    member, self._places.get(member.node.ieee, RegistryDetails())
                )
        await self._arrival.lay_out(stored, self._places)
        if self._origin is Origin.ZIGBEE2MQTT:
            path = self._arrival.database
            await self.hass.async_add_executor_job(delete_database, path)
            nodes = [(member.node, member.last_seen) for member in household.members]
            await database.create(path, nodes)

    async def async_step_moved_in(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Continue when everything is ready for the entry's first start."""
        return await self._create({CONF_ARRIVAL: self._arrival.key}, self._options)

    @callback
    @override
    def async_remove(self) -> None:
        """Called when the dialog is closed. Without an entry, everything is restored."""
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


def _topic(member: SourceDevice, place: RegistryDetails) -> dict[str, Any]:
    """Return the device's name on MQTT, so that it is kept (`mirror.names`).

    Without a friendly name Zigbee2MQTT uses the address, whatever the device's name in Home
    Assistant.
    """
    definition = DEFINITIONS.get(model_of(member.node))
    name = place.name or (definition.description if definition else None)
    if name is None:
        return {}
    own = topic_name(member.name) if member.name is not None else None
    return Name(name, own or address(member.node.ieee)).as_option()
