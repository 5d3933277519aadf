"""Steps of the config flow that restore a backup on a coordinator."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from homeassistant.config_entries import SOURCE_USER, ConfigFlowResult
from homeassistant.helpers.selector import (
    BooleanSelector,
    FileSelector,
    FileSelectorConfig,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
from homeassistant.util import dt as dt_util
import probatio

from ..core.identity import extended_pan_id_in, unique_id
from ..radio.backup import MOST_BYTES, Backup, BackupError
from ..radio.network import form
from ..radio.restore import restore
from ..storage.backup_list import OVERWRITTEN, BackupList, Reason, StoredBackup, everything
from ..storage.network import KnownNetwork
from ..texts import load_texts
from .network_id import has_network, unique_id_of
from .network_text import describe, describe_coordinator, describe_held, label
from .new_entry import NewEntryFlow
from .port import CONF_PATH, PORT_SCHEMA, Purpose
from .upload import UploadError, read_upload

CONF_BACKUP = "backup"
CONF_FILE = "file"
CONF_OVERWRITE = "overwrite"

UPLOAD = "upload"
"""In the list of backups: a file."""

_UPLOAD_SCHEMA = probatio.Schema(
    {
        probatio.Required(CONF_FILE): FileSelector(
            FileSelectorConfig(accept=".json,application/json")
        )
    }
)


@dataclass(frozen=True, slots=True)
class Choice:
    """A network to restore on a coordinator.

    Attributes:
        kept: its entry in the list of backups; None for a file.
    """

    network: Backup
    kept: StoredBackup | None = None


class RestoreFlow(NewEntryFlow):
    """From a backup to a coordinator with its network."""

    def __init__(self) -> None:
        super().__init__()
        self._choice: Choice | None = None

    # Choice of the network

    async def async_step_blank(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the network of a blank coordinator, if there are stored backups."""
        if not await self._offers():
            return await self.async_step_form()
        return self.async_show_menu(
            step_id="blank", menu_options=["form", "choose_backup", "upload_backup"]
        )

    async def async_step_network(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whether to keep the coordinator's network."""
        assert self._held is not None
        held = self._held.stick
        await self.async_set_unique_id(
            await unique_id_of(self.hass, self._held), raise_on_progress=self.source != SOURCE_USER
        )
        self._abort_if_network_configured()
        return self.async_show_menu(
            step_id="network",
            menu_options=["keep", *self._migrations, *await self._sources(), "form"],
            description_placeholders={
                "channel": str(held.channel),
                "pan_id": f"0x{held.pan_id:04x}",
                "extended_pan_id": held.extended_pan_id,
                "firmware": held.firmware,
                "devices": str(self._held.devices),
            },
        )

    @property
    def _migrations(self) -> list[str]:
        """Return the steps that migrate a network from another program."""
        raise NotImplementedError

    async def async_step_incomplete(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask what to do with a coordinator whose network is incomplete."""
        assert self._held is not None
        own = ["write_back"] if self._held.is_usable else []
        texts = await load_texts(self.hass, "backup")
        return self.async_show_menu(
            step_id="incomplete",
            menu_options=[*own, *await self._sources(), "form"],
            description_placeholders={"network": describe_held(self._held, texts)},
        )

    async def async_step_write_back(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Write the readable and the missing parts of its network to the coordinator."""
        assert self._held is not None
        return await self._chosen(Choice(self._held))

    async def _sources(self) -> list[str]:
        """Return the sources of a backup."""
        return [*(["choose_backup"] if await self._offers() else []), "upload_backup"]

    async def _offers(self) -> list[tuple[str, StoredBackup]]:
        """Return the selectable backups: those of the entry's network, or all."""
        return await everything(self.hass, self._own_network)

    @property
    def _own_network(self) -> str | None:
        """The extended PAN id of the entry that is reconfigured."""
        entry = self._own_entry
        return None if entry is None else extended_pan_id_in(entry.unique_id)

    async def _is_own(self, network: Backup) -> bool:
        """Whether a network is that of the reconfigured entry; True for a new entry."""
        entry = self._own_entry
        return entry is None or await has_network(KnownNetwork(self.hass, entry), network)

    async def async_step_keep(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Use the coordinator's network."""
        assert self._held is not None
        self._found = self._held.stick
        return await self._conclude()

    async def async_step_form(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for confirmation before a new network replaces another one."""
        if self._held is None or user_input is not None:
            return await self.async_step_forming()
        texts = await load_texts(self.hass, "backup")
        return self.async_show_form(
            step_id="form",
            data_schema=probatio.Schema({}),
            description_placeholders={
                "path": self._port.path,
                "network": describe_held(self._held, texts),
            },
        )

    async def async_step_forming(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Form a new network on the coordinator."""
        return await self._work_at_port("forming", self._form, done="formed", failed="port")

    async def _form(self) -> None:
        await self._save_held()
        self._found = await form(self._port)

    async def async_step_formed(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Continue with the new network."""
        assert self._found is not None
        await self.async_set_unique_id(unique_id(self._found.extended_pan_id))
        return await self._conclude()

    # Choice of the backup

    async def async_step_from_backup(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose a backup, and the coordinator."""
        self._purpose = Purpose.RESTORE
        return await self.async_step_choose_backup()

    @property
    def _wants_port(self) -> bool:
        """Whether the coordinator is chosen together with the backup."""
        is_new = self._purpose is Purpose.RESTORE and self._own_entry is None
        return is_new or self._purpose is Purpose.REPLACE

    async def async_step_choose_backup(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for a stored backup or a file, with the newest backup selected, and for the coordinator."""
        offers = {kept.id: (title, kept) for title, kept in await self._offers()}
        errors: dict[str, str] = {}
        owner = ""
        if user_input is not None:
            wanted, path = user_input[CONF_BACKUP], user_input.get(CONF_PATH)
            if path is not None:
                errors, owner = await self._enter_port(path)
            if not errors and wanted == UPLOAD:
                return await self.async_step_upload_backup()
            try:
                _, chosen = offers[wanted]
                network = Backup.of(chosen.content)
            except KeyError:
                errors = errors or {"base": "backup_gone"}
            except BackupError as error:
                errors = {"base": error.problem}
            else:
                if not errors:
                    return await self._chosen(Choice(network, chosen))
        if not offers:
            return await self.async_step_upload_backup()
        return self.async_show_form(
            step_id="choose_backup",
            data_schema=self.add_suggested_values_to_schema(
                await self._list(offers.values()), self._suggested_port
            ),
            errors=errors,
            description_placeholders={"owner": owner},
        )

    async def _list(self, offers: Iterable[tuple[str, StoredBackup]]) -> probatio.Schema:
        texts = await load_texts(self.hass, "backup")
        options = [
            SelectOptionDict(value=kept.id, label=label(title, kept, texts))
            for title, kept in offers
        ]
        newest = options[0]["value"]
        options.append(SelectOptionDict(value=UPLOAD, label=texts[UPLOAD]))
        selector = SelectSelector(
            SelectSelectorConfig(options=options, mode=SelectSelectorMode.LIST)
        )
        fields: dict[probatio.Marker, Any] = {
            probatio.Required(CONF_BACKUP, default=newest): selector
        }
        return probatio.Schema(fields | (PORT_SCHEMA.schema if self._wants_port else {}))

    async def async_step_upload_backup(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for a file."""
        errors: dict[str, str] = {}
        name = ""
        if user_input is not None:
            try:
                upload = await self.hass.async_add_executor_job(
                    read_upload, self.hass, user_input[CONF_FILE], MOST_BYTES
                )
                name = upload.name
                network = Backup.parse(upload.content)
            except UploadError:
                errors["base"] = "upload_gone"
            except BackupError as error:
                errors["base"] = error.problem
            else:
                if await self._is_own(network):
                    return await self._chosen(Choice(network))
                errors["base"] = "other_network"
        return self.async_show_form(
            step_id="upload_backup",
            data_schema=_UPLOAD_SCHEMA,
            errors=errors,
            description_placeholders={"file": name},
        )

    async def _chosen(self, choice: Choice) -> ConfigFlowResult:
        """Continue with a backup."""
        self._choice = choice
        if self._own_entry is None:
            await self.async_set_unique_id(
                await unique_id_of(self.hass, choice.network),
                raise_on_progress=self.source != SOURCE_USER,
            )
            self._abort_if_network_configured()
        if self._purpose is Purpose.SET_UP:
            return await self._restore_or_confirm()
        if self._wants_port and not self._is_entered:
            return await self.async_step_port()
        return await self.async_step_probe()

    async def _restore_or_confirm(self) -> ConfigFlowResult:
        """Restore a backup from the list on a blank coordinator at once; otherwise ask.

        The list shows what is in a backup, but the name of a file does not.
        """
        assert self._choice is not None
        if self._held is None and self._choice.kept is not None:
            return await self.async_step_restore()
        return await self.async_step_confirm_restore()

    # Restore

    async def async_step_confirm_restore(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show which network would be overwritten."""
        assert self._choice is not None
        errors = self._taken_error()
        overwrites = self._is_overwritten(self._choice.network)
        if user_input is not None and not errors:
            if not overwrites or user_input[CONF_OVERWRITE]:
                return await self.async_step_restore()
            errors["base"] = "not_confirmed"
        texts = await load_texts(self.hass, "backup")
        return self.async_show_form(
            step_id="confirm_restore",
            data_schema=overwrite_schema() if overwrites else probatio.Schema({}),
            errors=errors,
            description_placeholders={
                "backup": describe(self._choice.network, texts, self._choice.kept),
                "stick": describe_coordinator(self._held, self._choice.network, texts),
                "path": self._port.path,
            },
        )

    def _is_overwritten(self, network: Backup) -> bool:
        """Whether another network is lost."""
        return self._held is not None and not self._held.is_same_network(network)

    async def async_step_restore(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Write the backup to the coordinator, and read it back."""
        return await self._work_at_port(
            "restore", self._restore, done="restored", failed="confirm_restore"
        )

    async def _restore(self) -> None:
        assert self._choice is not None
        await self._write(self._choice.network)

    async def _write(self, network: Backup) -> None:
        """Write a network to the coordinator, after its former one was backed up."""
        await self._save_held()
        known = await everything(self.hass, network.extended_pan_id)
        others = list(_readable(kept for _, kept in known))
        self._found = await restore(self._port, network, dt_util.utcnow(), others)

    async def _save_held(self) -> None:
        """Back up the network that will be overwritten."""
        if self._held is None:
            return
        own = self._own_entry
        is_own = own is not None and self._held.extended_pan_id == self._own_network
        owner = own.entry_id if own is not None and is_own else OVERWRITTEN
        kept = StoredBackup.of(Reason.RESTORE, self._held, dt_util.utcnow())
        await BackupList(self.hass, owner).add(kept)

    async def async_step_restored(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Continue with the restored network."""
        return await self._conclude()


def _readable(list_: Iterable[StoredBackup]) -> Iterator[Backup]:
    for kept in list_:
        with suppress(BackupError):
            yield Backup.of(kept.content)


def overwrite_schema() -> probatio.Schema:
    """Return the question whether another network may be overwritten."""
    return probatio.Schema({probatio.Required(CONF_OVERWRITE, default=False): BooleanSelector()})
