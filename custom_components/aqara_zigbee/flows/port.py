"""Steps of the config flow for the coordinator: its port, and its network."""

from collections.abc import Callable, Coroutine
from enum import Enum
import logging
from typing import Any, override

from homeassistant.config_entries import ConfigFlow, ConfigFlowResult
from homeassistant.helpers.selector import SerialPortSelector
import probatio

from ..core.errors import StorageError
from ..ports import offered_paths, port_owner
from ..radio.backup import Backup, BackupError
from ..radio.migration.source import TakeoverError
from ..radio.network import Port, RadioError, RadioProblem
from ..radio.port_path import complete, is_discovered
from ..radio.restore import WriteError, probe
from ..runtime import ZHA, AqaraConfigEntry
from .progress import UNKNOWN, ProgressStep

CONF_DEVICE = "device"
CONF_PATH = "path"

PORT_SCHEMA = probatio.Schema({probatio.Required(CONF_PATH): SerialPortSelector()})

STORAGE_FAILED = "storage_failed"


_LOGGER = logging.getLogger(__name__)

_LOGGED = {RadioProblem.FAILED, RadioProblem.DATABASE}
"""Problems whose texts refer to the log, as only the library's message has details."""


def error_key(error: BaseException) -> str | None:
    """Return the key of an error's text; None if it was unexpected."""
    match error:
        case RadioError():
            if error.problem in _LOGGED:
                _LOGGER.warning("The coordinator cannot be used: %s", error.detail)
            return error.problem
        case BackupError():
            return error.problem
        case StorageError():
            return STORAGE_FAILED
        case WriteError():
            return error.problem
        case _:
            return None


class Purpose(Enum):
    """Purposes of reading a coordinator."""

    SET_UP = "set_up"
    MOVE_IN = "move_in"
    MOVE_PORT = "move_port"
    REPLACE = "replace"
    RESTORE = "restore"


class PortFlow(ProgressStep[ConfigFlowResult], ConfigFlow):
    """Asks for a port and reads the coordinator.

    Attributes:
        _purpose: the purpose of reading it.
        _port: its port.
        _held: its network, None if it is blank.
        _is_z_stack_1: whether its firmware is Z-Stack Home 1.2, without a warning yet.
        _is_entered: whether the port was entered in this dialog.
    """

    def __init__(self) -> None:
        self._purpose = Purpose.SET_UP
        self._port = Port("")
        self._held: Backup | None = None
        self._is_z_stack_1 = False
        self._is_entered = False
        self._error: str | None = None
        self._file = ""

    @property
    def _own_entry(self) -> AqaraConfigEntry | None:
        """The entry that is reconfigured, None for a new one."""
        raise NotImplementedError

    async def async_step_port(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the coordinator's port."""
        errors = self._taken_error()
        placeholders = {
            "owner": "",
            "example": "socket://192.168.1.20:6638",
            "file": self._file,
        }
        if not errors and user_input is not None:
            errors, placeholders["owner"] = await self._enter_port(user_input[CONF_PATH])
            if not errors:
                return await self.async_step_probe()
        return self.async_show_form(
            step_id="port",
            data_schema=self.add_suggested_values_to_schema(PORT_SCHEMA, self._suggested_port),
            errors=errors,
            description_placeholders=placeholders,
        )

    async def _enter_port(self, typed: str) -> tuple[dict[str, str], str]:
        """Use a port; return the errors of the form, and the owner if there is one."""
        path = complete(typed)
        self._async_abort_entries_match({CONF_DEVICE: Port(path).as_dict()})
        self._port, self._is_entered = Port(path), True
        own = self._own_entry
        if is_discovered(path):
            return {"base": "port_is_service"}, ""
        if owner := await port_owner(self.hass, path, own.entry_id if own else None):
            is_of_zha = owner.domain == ZHA and own is None
            return {"base": "port_used_by_zha" if is_of_zha else "port_in_use"}, owner.title
        return {}, ""

    @property
    def _suggested_port(self) -> dict[str, str]:
        """Return what was entered, or the only coordinator that was discovered and is not used."""
        is_known = self._is_entered or self._purpose is Purpose.MOVE_IN
        offers = offered_paths(self.hass)
        if len(offers) == 1 and not (is_known and self._port.path):
            return {CONF_PATH: offers[0]}
        return {CONF_PATH: self._port.path} if self._port.path else {}

    async def async_step_probe(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Open the port and read the coordinator's network."""
        return await self._work_at_port("probe", self._probe, done="probed", failed="port")

    async def _probe(self) -> None:
        found = await probe(self._port)
        self._held, self._is_z_stack_1 = found.network, found.is_z_stack_1

    def _taken_error(self) -> dict[str, str]:
        """Return the last step's error, and clear it."""
        error, self._error = self._error, None
        return {"base": error} if error else {}

    @override
    def _set_error(self, error: BaseException) -> None:
        if isinstance(error, TakeoverError):
            self._error, self._file = error.failure, error.file
        elif (key := error_key(error)) is not None:
            self._error = key
        else:
            super()._set_error(error)
            self._error = UNKNOWN

    async def _work_at_port(
        self, step: str, work: Callable[[], Coroutine[Any, Any, None]], *, done: str, failed: str
    ) -> ConfigFlowResult:
        return await self._work(
            step, work, done=done, failed=failed, placeholders={"path": self._port.path}
        )
