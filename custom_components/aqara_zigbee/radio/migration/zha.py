"""Reads ZHA's database. It is zigpy's own format, so it is used unchanged."""

from contextlib import closing
from dataclasses import asdict
from pathlib import Path
import shutil
import sqlite3

from ...core.firmware import BasicInfo
from ..addresses import UNKNOWN
from ..network import RadioError
from .database import DatabaseDevice, read
from .source import (
    MigrationFailure,
    NotMigrated,
    SourceDevice,
    SourceNetwork,
    TakeoverError,
    with_own_addresses,
)


def copy(source: Path, target: Path) -> None:
    """Copy a database with its journal. The source is only read.

    No program may be writing to it. Must be called outside the event loop.

    Raises:
        TakeoverError: it does not exist or is not zigpy's. Then there is no target either.
    """
    if not source.is_file():
        raise TakeoverError(MigrationFailure.NO_DATABASE)
    try:
        shutil.copyfile(source, target)
        journal = Path(f"{source}-wal")
        if journal.is_file():
            shutil.copyfile(journal, f"{target}-wal")
        _settle(target)
    except (OSError, sqlite3.Error) as error:
        discard(target)
        raise TakeoverError(MigrationFailure.DATABASE) from error


def _settle(path: Path) -> None:
    """Merge the journal into the file, and check the file.

    Raises:
        sqlite3.Error: it is not a valid database.
    """
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (version,) = database.execute("PRAGMA user_version").fetchone()
        suffix = f"_v{version}" if version > 4 else ""
        database.execute(f"SELECT count(*) FROM devices{suffix}")  # noqa: S608 - a number


def discard(path: Path) -> None:
    """Delete a copy and SQLite's files beside it."""
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink(missing_ok=True)


async def household(path: Path) -> SourceNetwork:
    """Return the network in a copied database, which is migrated to this version of zigpy in place.

    Raises:
        TakeoverError: it is damaged, or of a newer zigpy.
    """
    try:
        contents = await read(path)
    except (RadioError, sqlite3.Error, ValueError, LookupError) as error:
        raise TakeoverError(MigrationFailure.DATABASE) from error
    members = with_own_addresses(_member(stored) for stored in contents.devices)
    unknown = sum(member.node.nwk == UNKNOWN for member in members)
    return SourceNetwork(
        members=tuple(members),
        backup=contents.backup,
        coordinator=contents.coordinator,
        others=contents.others,
        losses={NotMigrated.ADDRESSES: unknown} if unknown else {},
    )


def _member(stored: DatabaseDevice) -> SourceDevice:
    about = BasicInfo()
    for report in stored.reports:
        about.note(report)
    return SourceDevice(
        stored.node, last_seen=stored.last_seen, about=asdict(about), reports=stored.reports
    )
