"""The form for Zigbee2MQTT's files, and their contents."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import FileSelector, FileSelectorConfig
import probatio

from ..radio.migration import z2m_files, zigbee2mqtt
from ..radio.migration.source import MigrationFailure, SourceNetwork, TakeoverError
from ..radio.migration.z2m_archive import unpack
from .upload import Upload, read_upload

CONF_ARCHIVE = "archive"
CONF_FILES = "files"

_FILES = {
    "backup": z2m_files.BACKUP,
    "database": z2m_files.DATABASE,
    "configuration": z2m_files.CONFIGURATION,
    "devices": z2m_files.DEVICES,
    "states": z2m_files.STATES,
}
"""Fields of the form, by attributes of `z2m_files.Files`, and their files."""

_MOST_ARCHIVE = 64 * 1024 * 1024


def _file(accept: str) -> FileSelector:
    return FileSelector(FileSelectorConfig(accept=accept))


def uploads(*, has_files: bool) -> probatio.Schema:
    """Return the form: the archive, and a section of separate files, open if some were given."""
    files = {
        probatio.Optional(field): _file("." + name.rpartition(".")[2])
        for field, name in _FILES.items()
    }
    return probatio.Schema(
        {
            probatio.Optional(CONF_ARCHIVE): _file(".zip,application/zip"),
            probatio.Optional(CONF_FILES, default=dict): section(
                probatio.Schema(files), {"collapsed": not has_files}
            ),
        }
    )


def read_files(hass: HomeAssistant, answers: Mapping[str, Any]) -> SourceNetwork:
    """Return the network in uploaded files. Must be called outside the event loop.

    A single file is used instead of the one in the archive.

    Args:
        hass: Home Assistant.
        answers: the form's answers, with uploads by their fields.

    Raises:
        UploadError: a file does not exist any more.
        BackupError, TakeoverError: as `zigbee2mqtt.household`; or a file is missing.
    """
    file_ids = {**answers, **answers[CONF_FILES]}
    del file_ids[CONF_FILES]
    if not file_ids:
        raise TakeoverError(MigrationFailure.NO_FILE)
    uploads = {
        field: read_upload(hass, file_id, _MOST_ARCHIVE) for field, file_id in file_ids.items()
    }
    archive = uploads.pop(CONF_ARCHIVE, None)
    given: dict[str, Any] = {field: upload.content for field, upload in uploads.items()}
    if archive is not None:
        configuration = given.get("configuration", b"")
        files = replace(_unpacked(archive, configuration), **given)
        uploaded = {_FILES[field] for field in given}
        files = replace(files, damaged=files.damaged - uploaded)
    else:
        for field in ("backup", "database"):
            if field not in given:
                raise TakeoverError(MigrationFailure.NOT_UPLOADED, _FILES[field])
        files = z2m_files.Files(**given)
    return zigbee2mqtt.household(files)


def _unpacked(archive: Upload, configuration: bytes) -> z2m_files.Files:
    """Return the files of an archive.

    Raises:
        TakeoverError: it is not such an archive, or incomplete.
    """
    if len(archive.content) > _MOST_ARCHIVE:
        raise TakeoverError(MigrationFailure.TOO_LARGE, archive.name)
    try:
        return unpack(archive.content, configuration)
    except TakeoverError as error:
        raise TakeoverError(error.failure, error.file or archive.name) from error
