"""ZHA's database, read into a household. It is zigpy's own, so it becomes ours as it is."""

from contextlib import closing
from dataclasses import asdict
from pathlib import Path
import shutil
import sqlite3

from ..core.about import About
from .database import Stored, read
from .network import RadioError
from .takeover import Household, Member, Mistake, TakeoverError


def copy(source: Path, target: Path) -> None:
    """Copy a database with what SQLite has not yet brought into it. The source is only read.

    Nobody may be writing to it. To be called outside the event loop.

    Raises:
        TakeoverError: there is none, or it is none of zigpy's. Then there is no target either.
    """
    if not source.is_file():
        raise TakeoverError(Mistake.NO_DATABASE)
    try:
        shutil.copyfile(source, target)
        journal = Path(f"{source}-wal")
        if journal.is_file():
            shutil.copyfile(journal, f"{target}-wal")
        _settle(target)
    except (OSError, sqlite3.Error) as error:
        discard(target)
        raise TakeoverError(Mistake.DATABASE) from error


def _settle(path: Path) -> None:
    """Bring the journal into the file, and look whether it is what it should be.

    Raises:
        sqlite3.Error: it is not.
    """
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (version,) = database.execute("PRAGMA user_version").fetchone()
        suffix = f"_v{version}" if version > 4 else ""
        database.execute(f"SELECT count(*) FROM devices{suffix}")  # noqa: S608 - a number


def discard(path: Path) -> None:
    """Delete a copy and what SQLite keeps beside it."""
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink(missing_ok=True)


async def household(path: Path) -> Household:
    """What a copied database knows. It is migrated to this version of zigpy in its place.

    Raises:
        TakeoverError: it is damaged, or of a newer zigpy.
    """
    try:
        contents = await read(path)
    except (RadioError, sqlite3.Error, ValueError, LookupError) as error:
        raise TakeoverError(Mistake.DATABASE) from error
    return Household(
        members=tuple(_member(stored) for stored in contents.devices),
        backup=contents.backup,
        coordinator=contents.coordinator,
    )


def _member(stored: Stored) -> Member:
    about = About()
    for report in stored.reports:
        about.note(report)
    return Member(
        stored.node, last_seen=stored.last_seen, about=asdict(about), reports=stored.reports
    )
