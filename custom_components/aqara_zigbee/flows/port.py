"""Steps of the config flow that lead to a stick: where it is, and what it holds."""

import asyncio
from collections.abc import Callable, Coroutine
from enum import Enum
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigFlow, ConfigFlowResult
from homeassistant.helpers.selector import SerialPortSelector
import probatio

from ..const import DOMAIN
from ..ports import port_owner
from ..radio.backup import Backup, BackupError, WriteError, read
from ..radio.network import Port, RadioError
from ..radio.takeover import TakeoverError

CONF_DEVICE = "device"
CONF_PATH = "path"

PORT_SCHEMA = probatio.Schema({probatio.Required(CONF_PATH): SerialPortSelector()})

WRITE_FAILED = "write_failed"


class Purpose(Enum):
    """What a stick is looked at for."""

    SET_UP = "set_up"
    MOVE_IN = "move_in"
    MOVE_PORT = "move_port"
    REPLACE = "replace"
    RESTORE = "restore"


def unique_id(extended_pan_id: str) -> str:
    """What tells one network from another, whatever port or stick it is on."""
    return f"epid={extended_pan_id}".lower()


class PortFlow(ConfigFlow):
    """Finds a stick and reads it.

    Attributes:
        _purpose: what it is looked at for.
        _port: where it is.
        _held: the network it holds, None if it is blank.
    """

    def __init__(self) -> None:
        self._purpose = Purpose.SET_UP
        self._port = Port("")
        self._held: Backup | None = None
        self._task: asyncio.Task[None] | None = None
        self._waiting: asyncio.Task[Any] | None = None
        self._error: str | None = None
        self._file = ""

    @property
    def _own_entry(self) -> ConfigEntry | None:
        """The entry that is reconfigured, None if one is to be made."""
        raise NotImplementedError

    async def async_step_port(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask where the stick is."""
        errors = self._taken_error()
        placeholders = {
            "owner": "",
            "example": "socket://192.168.1.20:6638",
            "file": self._file,
        }
        if not errors and user_input is not None:
            path = user_input[CONF_PATH].strip()
            self._async_abort_entries_match({CONF_DEVICE: Port(path).as_dict()})
            self._port = Port(path)
            own = self._own_entry
            if owner := await port_owner(self.hass, path, own.entry_id if own else None):
                errors["base"] = "port_in_use"
                placeholders["owner"] = owner
            else:
                return await self.async_step_probe()
        return self.async_show_form(
            step_id="port",
            data_schema=self.add_suggested_values_to_schema(
                PORT_SCHEMA, {CONF_PATH: self._port.path} if self._port.path else None
            ),
            errors=errors,
            description_placeholders=placeholders,
        )

    async def async_step_probe(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Open the port and look what network the stick holds."""
        return await self._work("probe", self._probe, done="probed", failed="port")

    async def _probe(self) -> None:
        self._held = await read(self._port)

    async def _settled(self) -> None:
        """Wait until nothing is under way any more, whatever comes of it."""
        if self._task is not None:
            await asyncio.wait((self._task,))
            self._task.exception()

    def _taken_error(self) -> dict[str, str]:
        """What went wrong in the step before, told once."""
        error, self._error = self._error, None
        return {"base": error} if error else {}

    def _set_error(self, error: Exception) -> None:
        """Keep what went wrong for the form that is shown next."""
        match error:
            case RadioError():
                self._error = error.trouble
            case BackupError():
                self._error = error.flaw
            case TakeoverError():
                self._error, self._file = error.mistake, error.file
            case WriteError():
                self._error = WRITE_FAILED
            case _:  # pragma: no cover - a fault of ours
                raise error

    async def _work(
        self, step: str, work: Callable[[], Coroutine[Any, Any, None]], *, done: str, failed: str
    ) -> ConfigFlowResult:
        """Show progress while something is done; `failed` shows what went wrong."""
        if self._task is None:
            self._task = self.hass.async_create_background_task(work(), f"{DOMAIN} {step}")
            # Closing the dialogue cancels the task that it is given, and a stick must not be left
            # in the middle of anything: so this one only waits for the one that works.
            self._waiting = self.hass.async_create_background_task(
                asyncio.wait((self._task,)), f"{DOMAIN} {step} wait"
            )
        assert self._waiting is not None
        if not self._waiting.done():
            return self.async_show_progress(
                step_id=step,
                progress_action=step,
                progress_task=self._waiting,
                description_placeholders={"path": self._port.path},
            )
        task, self._task = self._task, None
        if (error := task.exception()) is not None:
            assert isinstance(error, Exception)
            self._set_error(error)
            return self.async_show_progress_done(next_step_id=failed)
        return self.async_show_progress_done(next_step_id=done)
