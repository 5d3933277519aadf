"""The backup archive of Zigbee2MQTT's frontend."""

import io
import zipfile
import zlib

from .source import MigrationFailure, TakeoverError
from .z2m_configuration import device_files
from .z2m_files import BACKUP, CONFIGURATION, DATABASE, MOST_BYTES, STATES, Files

_MOST_MEMBERS = 5_000
_BROKEN_ARCHIVE = (
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
    RuntimeError,
    OSError,
    EOFError,
    ValueError,
)


def unpack(archive: bytes, configuration: bytes = b"") -> Files:
    """Return the files in a backup of Zigbee2MQTT's frontend.

    Args:
        archive: a zip file.
        configuration: replaces the configuration in it, if not empty.

    Raises:
        TakeoverError: it is not such an archive, or incomplete.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            return _Archive(opened).files(configuration)
    except _BROKEN_ARCHIVE as error:
        raise TakeoverError(MigrationFailure.UNREADABLE) from error


class _Archive:
    """An archive; its folder is that of the topmost ``database.db``."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        members = sorted(
            archive.infolist()[:_MOST_MEMBERS], key=lambda member: member.filename.count("/")
        )
        self._members = {member.filename: member for member in reversed(members)}
        names = [member.filename for member in members]
        self._folder = next(
            (name.removesuffix(DATABASE) for name in names if _file_name(name) == DATABASE), ""
        )
        self._damaged: set[str] = set()

    def files(self, configuration: bytes) -> Files:
        """Return all known files, and those named in the configuration."""
        backup, database = self._needed(BACKUP), self._needed(DATABASE)
        configuration = configuration or self._optional(CONFIGURATION)
        named = {name: self._optional(name) for name in device_files(configuration)}
        return Files(
            backup,
            database,
            configuration,
            states=self._optional(STATES),
            named={name: content for name, content in named.items() if content},
            damaged=frozenset(self._damaged),
        )

    def _find(self, name: str) -> zipfile.ZipInfo | None:
        """Return a file in the folder, else the topmost one with that name."""
        if (found := self._members.get(self._folder + name)) is not None:
            return found
        for path in sorted(self._members, key=lambda path: path.count("/")):
            if _file_name(path) == name:
                return self._members[path]
        return None

    def _needed(self, name: str) -> bytes:
        member = self._find(name)
        if member is None:
            raise TakeoverError(MigrationFailure.MISSING, name)
        if member.file_size > MOST_BYTES:
            raise TakeoverError(MigrationFailure.TOO_LARGE, name)
        try:
            return self._archive.read(member)
        except _BROKEN_ARCHIVE as error:
            raise TakeoverError(MigrationFailure.UNREADABLE, name) from error

    def _optional(self, name: str) -> bytes:
        member = self._find(name)
        if member is None:
            return b""
        try:
            if member.file_size <= MOST_BYTES:
                return self._archive.read(member)
        except _BROKEN_ARCHIVE:
            pass
        self._damaged.add(name)
        return b""


def _file_name(path: str) -> str:
    return path.rpartition("/")[2]
