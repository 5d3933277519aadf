"""Files that only their owner can read, and that are on the disk when they count as written."""

from collections.abc import Mapping
from contextlib import closing, suppress
import logging
import os
from pathlib import Path
import sqlite3
import sys
import threading
from typing import Any, override

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import STORAGE_DIR, Store
from homeassistant.util.file import WriteError
from homeassistant.util.json import SerializationError

from ..const import DOMAIN
from ..core.errors import StorageError

_LOGGER = logging.getLogger(__name__)

CONF_ARRIVAL = "arrival"
"""In an entry's data until its first start: the name of its staged files (`staged_files`)."""

STAGED = "arrival-"
"""The first part of that name."""

_VERSION = 1
"""SQLite's ``user_version`` of a complete database; 0 before."""


def database_path(hass: HomeAssistant, entry_id: str) -> Path:
    """Return the path of zigpy's database."""
    return Path(hass.config.path(STORAGE_DIR, f"{DOMAIN}.{entry_id}.db"))


def memory_path(hass: HomeAssistant, entry_id: str) -> Path:
    """Return the path of a config entry's states."""
    return Path(hass.config.path(STORAGE_DIR, f"{DOMAIN}.{entry_id}.states.db"))


def staged_names(hass: HomeAssistant) -> set[str]:
    """Return the names of staged files (`staged_files`). Blocks on the disk."""
    files = Path(hass.config.path(STORAGE_DIR)).glob(f"{DOMAIN}.{STAGED}*")
    return {file.name.removeprefix(f"{DOMAIN}.").partition(".")[0] for file in files}


def delete_database(path: Path) -> None:
    """Delete a database and SQLite's files beside it."""
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink(missing_ok=True)


def make_private(path: Path, *, create: bool = True) -> None:
    """Make a database readable only by its owner. SQLite's files beside it get the same mode.

    Args:
        path: the database.
        create: whether to create an empty one if it does not exist.

    Raises:
        OSError: it cannot be created, or belongs to another user.
    """
    if create:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        _sync_folder(path.parent)
    for file in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm", "-journal"))):
        if file.exists():
            file.chmod(0o600)


def _sync_folder(folder: Path) -> None:
    """Write a folder to disk, so that a new file's name survives a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _rename_damaged(path: Path) -> None:
    """Rename a damaged file."""
    with suppress(FileNotFoundError):
        path.replace(path.with_name(f"{path.name}.damaged"))


class DurableStore(Store[dict[str, Any]]):
    """A JSON file that only its owner can read, and that is on the disk when `save` returns."""

    def __init__(self, hass: HomeAssistant, version: int, key: str) -> None:
        super().__init__(
            hass,
            version,
            key,
            private=True,
            atomic_writes=True,
            max_readable_version=sys.maxsize,
        )
        self._error: Exception | None = None

    async def load(self) -> dict[str, Any]:
        """Return the saved data, or nothing. A damaged file is renamed and logged.

        Raises:
            StorageError: it cannot be read.
        """
        try:
            stored: Any = await self.async_load()
        except (HomeAssistantError, OSError) as error:
            raise StorageError(str(error)) from error
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            _LOGGER.warning("%s is damaged: %r", self.path, error)
        else:
            if stored is None or isinstance(stored, dict):
                return stored or {}
            _LOGGER.warning("%s is damaged: it is not an object", self.path)
        await self.hass.async_add_executor_job(_rename_damaged, Path(self.path))
        return {}

    @override
    async def _async_migrate_func(
        self, old_major_version: int, old_minor_version: int, old_data: dict[str, Any]
    ) -> dict[str, Any]:
        """Return data of a newer version unchanged; unknown members are ignored later."""
        return old_data

    async def save(self, data: dict[str, Any]) -> None:
        """Write the file.

        Raises:
            StorageError: it could not be written; the former content is kept.
        """
        self._error = None
        await self.async_save(data)
        if self._error is not None:
            raise StorageError(str(self._error)) from self._error

    @override
    async def _async_write_data(self, data: dict[str, Any]) -> None:
        try:
            await super()._async_write_data(data)
        except (SerializationError, WriteError) as error:
            self._error = error  # which Home Assistant only logs
            raise


class Database:
    """Texts by name in a SQLite file. Each method blocks, and is one transaction."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def is_complete(self) -> bool:
        """Whether the database exists and all older data was migrated to it.

        Raises:
            sqlite3.DatabaseError: it is damaged.
        """
        with self._lock:
            if not self.path.exists():
                return False
            if self._open().execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                raise sqlite3.DatabaseError("its check failed")
            columns = {row[1] for row in self._open().execute("PRAGMA table_info(row)")}
            if self._version() >= _VERSION and not columns >= {"name", "content"}:
                raise sqlite3.DatabaseError("it has no rows that this version knows")
            return self._version() >= _VERSION

    def read(self) -> dict[str, str]:
        """Return all rows."""
        with self._lock:
            return dict(self._open().execute("SELECT name, content FROM row"))

    def write(self, rows: Mapping[str, str | None]) -> None:
        """Change all given rows or none; the change is on the disk when this returns.

        Raises:
            OSError, sqlite3.Error: nothing was changed.
        """
        with self._lock:
            try:
                self._write(self._open(), rows)
            except OSError, sqlite3.Error:
                self._close()
                raise

    def _write(self, connection: sqlite3.Connection, rows: Mapping[str, str | None]) -> None:
        connection.execute("BEGIN IMMEDIATE")
        try:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS row (name TEXT PRIMARY KEY, content TEXT NOT NULL)"
            )
            connection.execute(f"PRAGMA user_version = {_VERSION}")
            for name, content in rows.items():
                if content is None:
                    connection.execute("DELETE FROM row WHERE name = ?", (name,))
                else:
                    connection.execute("REPLACE INTO row VALUES (?, ?)", (name, content))
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    def salvage(self) -> dict[str, str]:
        """Move a damaged database away; return its readable rows."""
        with self._lock:
            self._close()
            with closing(sqlite3.connect(self.path)) as connection:
                rows = _readable_rows(connection)
            _LOGGER.warning("%s: %s rows could be read", self.path, len(rows))
            _rename_damaged(self.path)
            for end in ("-wal", "-shm"):
                self.path.with_name(self.path.name + end).unlink(missing_ok=True)
            return rows

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._close()

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            make_private(self.path)
            self._connection = sqlite3.connect(
                self.path, isolation_level=None, check_same_thread=False
            )
            # Each commit waits for the disk, so that a power cut loses nothing.
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
        return self._connection

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _version(self) -> int:
        (version,) = self._open().execute("PRAGMA user_version").fetchone()
        return int(version)


def _readable_rows(connection: sqlite3.Connection) -> dict[str, str]:
    """Return the rows of a damaged database that are not on a damaged page.

    A query ends at the first damaged page. So the rows are listed from both ends of the table and of its index, and
    each is read by itself.
    """
    numbers: set[int] = set()
    for query in (
        "SELECT rowid FROM row ORDER BY rowid",
        "SELECT rowid FROM row ORDER BY rowid DESC",
        "SELECT rowid FROM row ORDER BY name",
        "SELECT rowid FROM row ORDER BY name DESC",
    ):
        with suppress(sqlite3.Error):
            for (number,) in connection.execute(query):
                numbers.add(number)
    rows: dict[str, str] = {}
    for number in sorted(numbers):
        with suppress(sqlite3.Error):
            rows.update(
                connection.execute("SELECT name, content FROM row WHERE rowid = ?", (number,))
            )
    return {
        name: text for name, text in rows.items() if isinstance(name, str) and isinstance(text, str)
    }
