"""Steps of the config flow that put a backup onto a stick."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, override

from homeassistant.components.file_upload import process_uploaded_file
from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant, callback
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

from ..archive import OVERWRITTEN, Archive, Kept, Reason, everything, line
from ..core.radio import Coordinator
from ..phrases import Phrases, phrases
from ..radio.backup import MOST_BYTES, Backup, BackupError, restore
from ..radio.network import form
from .port import CONF_DEVICE, PortFlow, Purpose, unique_id

CONF_BACKUP = "backup"
CONF_FILE = "file"
CONF_OVERWRITE = "overwrite"

_UPLOAD_SCHEMA = probatio.Schema(
    {
        probatio.Required(CONF_FILE): FileSelector(
            FileSelectorConfig(accept=".json,application/json")
        )
    }
)


class UploadError(Exception):
    """An uploaded file is not there any more."""


@dataclass(frozen=True, slots=True)
class Upload:
    """An uploaded file."""

    name: str
    content: bytes = field(repr=False)


def read_upload(hass: HomeAssistant, file_id: str, most: int) -> Upload:
    """An uploaded file, which is gone then. To be called outside the event loop.

    Args:
        hass: Home Assistant.
        file_id: what the upload is known by.
        most: bytes that are read; of a larger file there is one more, so that it can be told.

    Raises:
        UploadError: it is gone already.
    """
    try:
        with process_uploaded_file(hass, file_id) as path, path.open("rb") as file:
            return Upload(path.name, file.read(most + 1))
    except (ValueError, OSError) as error:
        raise UploadError from error


@dataclass(frozen=True, slots=True)
class Choice:
    """A network that is to be put onto a stick.

    Attributes:
        kept: what the list says of it; None for a file.
    """

    network: Backup
    kept: Kept | None = None


class RestoreFlow(PortFlow):
    """From a backup to a stick that holds it."""

    def __init__(self) -> None:
        super().__init__()
        self._choice: Choice | None = None
        self._found: Coordinator | None = None
        self._is_created = False
        self._over = asyncio.Event()

    @callback
    @override
    def async_remove(self) -> None:
        """The dialogue is over."""
        super().async_remove()
        self._over.set()

    # What to do with a stick

    async def async_step_blank(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask what a stick without a network is to hold; without backups of ours, do not ask."""
        if not await self._offers():
            return await self.async_step_form()
        return self.async_show_menu(
            step_id="blank", menu_options=["form", "choose_backup", "upload_backup"]
        )

    async def async_step_network(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whether to keep what the stick holds."""
        assert self._held is not None
        held = self._held.stick
        await self.async_set_unique_id(unique_id(held.extended_pan_id))
        self._abort_if_unique_id_configured()
        return self.async_show_menu(
            step_id="network",
            menu_options=["keep", *await self._sources(), "form"],
            description_placeholders={
                "channel": str(held.channel),
                "pan_id": f"0x{held.pan_id:04x}",
                "extended_pan_id": held.extended_pan_id,
                "firmware": held.firmware,
                "devices": str(self._held.devices),
            },
        )

    async def _sources(self) -> list[str]:
        """Where a backup can come from."""
        return [*(["choose_backup"] if await self._offers() else []), "upload_backup"]

    async def _offers(self) -> list[tuple[str, Kept]]:
        """The backups that can be chosen: those of the entry's network, or all."""
        return await everything(self.hass, self._own_network)

    @property
    def _own_network(self) -> str | None:
        """The extended PAN id of the entry that is reconfigured."""
        entry = self._own_entry
        return None if entry is None else str(entry.unique_id).removeprefix("epid=")

    async def async_step_keep(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Take over the network as it is."""
        assert self._held is not None
        self._found = self._held.stick
        return await self._conclude()

    async def async_step_form(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Give the stick a new network."""
        return await self._work("form", self._form, done="formed", failed="port")

    async def _form(self) -> None:
        await self._save_held()
        self._found = await form(self._port)

    async def async_step_formed(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """The new network is there."""
        return await self._conclude()

    # Which backup

    async def async_step_from_backup(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """A backup first, then the stick that is to hold it."""
        self._purpose = Purpose.RESTORE
        return await self.async_step_pick_backup()

    async def async_step_pick_backup(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask where the backup comes from, if there is a choice."""
        if not await self._offers():
            return await self.async_step_upload_backup()
        return self.async_show_menu(step_id="pick_backup", menu_options=await self._sources())

    async def async_step_choose_backup(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for one of those we keep."""
        offers = {kept.id: (title, kept) for title, kept in await self._offers()}
        errors: dict[str, str] = {}
        if user_input is not None:
            try:
                _, chosen = offers[user_input[CONF_BACKUP]]
                network = Backup.of(chosen.content)
            except KeyError:
                errors["base"] = "backup_gone"
            except BackupError as error:
                errors["base"] = error.flaw
            else:
                return await self._chosen(Choice(network, chosen))
        if not offers:
            return await self.async_step_upload_backup()
        words = await phrases(self.hass, "backup")
        options = [
            SelectOptionDict(value=kept.id, label=_label(title, kept, words))
            for title, kept in offers.values()
        ]
        selector = SelectSelector(
            SelectSelectorConfig(options=options, mode=SelectSelectorMode.LIST)
        )
        schema = probatio.Schema(
            {probatio.Required(CONF_BACKUP, default=options[0]["value"]): selector}
        )
        return self.async_show_form(step_id="choose_backup", data_schema=schema, errors=errors)

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
                errors["base"] = error.flaw
            else:
                if self._own_network in (None, network.extended_pan_id):
                    return await self._chosen(Choice(network))
                errors["base"] = "other_network"
        return self.async_show_form(
            step_id="upload_backup",
            data_schema=_UPLOAD_SCHEMA,
            errors=errors,
            description_placeholders={"file": name},
        )

    async def _chosen(self, choice: Choice) -> ConfigFlowResult:
        """Go on with a backup."""
        self._choice = choice
        if self._own_entry is None:
            await self.async_set_unique_id(unique_id(choice.network.extended_pan_id))
            self._abort_if_unique_id_configured()
        if self._purpose is Purpose.SET_UP:
            return await self.async_step_confirm_restore()
        if self._purpose is Purpose.RESTORE and self._own_entry is not None:
            return await self.async_step_probe()
        return await self.async_step_port()

    # Writing it

    async def async_step_confirm_restore(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show what would be written over what."""
        assert self._choice is not None
        errors = self._taken_error()
        overwrites = self._is_overwritten(self._choice.network)
        if user_input is not None and not errors:
            if not overwrites or user_input[CONF_OVERWRITE]:
                return await self.async_step_restore()
            errors["base"] = "not_confirmed"
        words = await phrases(self.hass, "backup")
        return self.async_show_form(
            step_id="confirm_restore",
            data_schema=overwrite_schema() if overwrites else probatio.Schema({}),
            errors=errors,
            description_placeholders={
                "backup": describe(self._choice.network, words, self._choice.kept),
                "stick": describe_stick(self._held, self._choice.network, words),
                "path": self._port.path,
            },
        )

    def _is_overwritten(self, network: Backup) -> bool:
        """Whether another network is lost."""
        return self._held is not None and not self._held.is_same_network(network)

    async def async_step_restore(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Write the backup onto the stick, and read it back."""
        return await self._work("restore", self._restore, done="restored", failed="confirm_restore")

    async def _restore(self) -> None:
        assert self._choice is not None
        await self._write(self._choice.network)

    async def _write(self, network: Backup) -> None:
        """Put a network onto the stick, after what is there was saved."""
        await self._save_held()
        known = await everything(self.hass, network.extended_pan_id)
        others = list(_readable(kept for _, kept in known))
        self._found = await restore(self._port, network, dt_util.utcnow(), others)

    async def _save_held(self) -> None:
        """Keep what is about to be overwritten."""
        if self._held is None:
            return
        own = self._own_entry
        is_own = own is not None and self._held.extended_pan_id == self._own_network
        owner = own.entry_id if own is not None and is_own else OVERWRITTEN
        kept = Kept.of(Reason.RESTORE, self._held, dt_util.utcnow())
        await Archive(self.hass, owner).add(kept)

    async def async_step_restored(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """The stick holds the backup."""
        return await self._conclude()

    async def _conclude(self) -> ConfigFlowResult:
        """Make the entry."""
        return await self._create()

    async def _create(
        self, data: Mapping[str, Any] | None = None, options: Mapping[str, Any] | None = None
    ) -> ConfigFlowResult:
        assert self._found is not None
        if self._is_created:
            # Home Assistant goes on by itself when progress ends, and at the same time for whoever
            # asks how far it is. One of the two makes the entry; the other only waits.
            await self._over.wait()
        self._is_created = True
        await self.async_set_unique_id(unique_id(self._found.extended_pan_id))
        self._abort_if_unique_id_configured()
        return self.async_create_entry(
            title=f"{self._found.manufacturer} {self._found.model}",
            data={CONF_DEVICE: self._port.as_dict(), **(data or {})},
            options=options,
        )


def _readable(list_: Iterable[Kept]) -> Iterator[Backup]:
    for kept in list_:
        with suppress(BackupError):
            yield Backup.of(kept.content)


def overwrite_schema() -> probatio.Schema:
    """Asks whether another network may be lost."""
    return probatio.Schema({probatio.Required(CONF_OVERWRITE, default=False): BooleanSelector()})


def _label(title: str, kept: Kept, words: Phrases) -> str:
    return f"{line(kept, words)} ({title or words['overwritten']})"


def describe(network: Backup, words: Phrases, kept: Kept | None = None) -> str:
    """A network as a list."""
    taken = kept.taken if kept else network.taken
    facts = {
        "fact_reason": words[kept.reason] if kept else "",
        "fact_source": "" if kept else network.source,
        "fact_time": f"{dt_util.as_local(taken):%Y-%m-%d %H:%M}" if taken else "",
        "fact_age": str((dt_util.utcnow() - taken).days) if taken else "",
        "fact_channel": str(network.channel),
        "fact_pan_id": f"0x{network.pan_id:04x}",
        "fact_extended_pan_id": network.extended_pan_id,
        "fact_coordinator": network.coordinator,
        "fact_devices": str(network.devices),
    }
    return "\n".join(f"- {words[name]}: {value}" for name, value in facts.items() if value)


def describe_stick(held: Backup | None, network: Backup, words: Phrases) -> str:
    """What becomes of what a stick holds."""
    if held is None:
        return words["stick_blank"]
    if not held.differences(network):
        return words["stick_same"]
    return words.put(
        "stick_earlier" if held.is_same_network(network) else "stick_other",
        channel=held.channel,
        pan_id=f"0x{held.pan_id:04x}",
        extended_pan_id=held.extended_pan_id,
        devices=held.devices,
    )
