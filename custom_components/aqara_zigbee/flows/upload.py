"""Files uploaded in a form."""

from dataclasses import dataclass, field

from homeassistant.components.file_upload import process_uploaded_file
from homeassistant.core import HomeAssistant


class UploadError(Exception):
    """An uploaded file does not exist any more."""


@dataclass(frozen=True, slots=True)
class Upload:
    """An uploaded file."""

    name: str
    content: bytes = field(repr=False)


def read_upload(hass: HomeAssistant, file_id: str, most: int) -> Upload:
    """Return and delete an uploaded file. Must be called outside the event loop.

    Args:
        hass: Home Assistant.
        file_id: the id of the upload.
        most: the maximum of bytes to read; one more is read to detect larger files.

    Raises:
        UploadError: it does not exist any more.
    """
    try:
        with process_uploaded_file(hass, file_id) as path, path.open("rb") as file:
            return Upload(path.name, file.read(most + 1))
    except (ValueError, OSError) as error:
        raise UploadError from error
