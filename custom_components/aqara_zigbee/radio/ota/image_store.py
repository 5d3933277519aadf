"""Sources of firmware: files in a folder and, if enabled, a public index."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha512
import logging
from pathlib import Path
from typing import Self

from zigpy.ota.providers import RemoteZ2MProvider

from ...core.firmware import Firmware, ImageSources, Obstacle, Release, UpdateError
from .image import Content, Image, read_file, read_index

_LOGGER = logging.getLogger(__name__)

INDEX_FILE = "index.json"
"""A copy of Zigbee2MQTT's index; in the folder it determines the models of the files."""

MOST_BYTES = 8 * 1024 * 1024
"""Maximum size of an image or an index. Images of these models have about 180 kB."""

_INDEX_SECONDS = 24 * 3600.0
_AGAIN_SECONDS = 3600.0
_SECURE = "https://"


@dataclass(frozen=True, slots=True)
class _Stamp:
    """The data by which a changed file is detected."""

    size: int
    changed: int

    @classmethod
    def of(cls, path: Path) -> Self:
        """Return the stamp of a file."""
        stat = path.stat()
        return cls(stat.st_size, stat.st_mtime_ns)


class Folder:
    """Images in the user's folder. All functions block on the disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: dict[Path, tuple[_Stamp, Image | None]] = {}

    def images(self) -> tuple[Image, ...]:
        """Return the current images. Unchanged files are not read again."""
        models = self._models()
        seen = {path: self._read(path) for path in self._files()}
        self._seen = seen
        found = [image for _, image in seen.values() if image is not None]
        return tuple(
            replace(image, model=models.get(image.release.checksum, image.model)) for image in found
        )

    def _files(self) -> Iterator[Path]:
        """Yield the files in the folder and its subfolders."""
        for path in sorted([*self.path.glob("*"), *self.path.glob("*/*")]):
            if path.is_file() and path.suffix != ".json" and not path.name.startswith("."):
                yield path

    def _models(self) -> dict[str, str]:
        """Return the models in the folder's index by checksum."""
        index = self.path / INDEX_FILE
        if not index.is_file():
            return {}
        try:
            images = read_index(index.read_bytes())
        except (OSError, ValueError) as error:
            _LOGGER.warning("%s cannot be read: %s", index, error)
            return {}
        return {image.release.checksum: image.model for image in images if image.model}

    def _read(self, path: Path) -> tuple[_Stamp, Image | None]:
        stamp = _Stamp.of(path)
        if (seen := self._seen.get(path)) is not None and seen[0] == stamp:
            return seen
        folder = "" if path.parent == self.path else path.parent.name
        try:
            with path.open("rb") as file:
                image = read_file(file.read(MOST_BYTES), path, folder)
        except (OSError, ValueError) as error:
            _LOGGER.warning("%s is not a usable firmware file: %s", path, error)
            return stamp, None
        _LOGGER.info("Found firmware %s, version %d", path, image.release.version)
        return stamp, image


class ImageStore:
    """All available firmware.

    Attributes:
        has_images: whether any source had an image of any model at the last check.
        sources: where it comes from.
    """

    def __init__(self, sources: ImageSources) -> None:
        self.sources = sources
        self.has_images = False
        self._folder = Folder(sources.folder) if sources.folder is not None else None
        self._index: tuple[Image, ...] = ()
        self._ask_at = 0.0
        self._is_failing = False
        self._explained: set[str] = set()
        self._lock = asyncio.Lock()

    async def newest(self, model: str, running: Firmware) -> Release | None:
        """Return the newest image for a device; files are preferred to downloads."""
        async with self._lock:
            images = [*await self._local(), *await self._public()]
            self.has_images = bool(images)
        for image in images:
            self._explain(image, model, running)
        fitting = [image.release for image in images if image.fits(model, running)]
        return max(fitting, key=lambda release: release.version, default=None)

    async def load(self, release: Release) -> bytes:
        """Return an image as sent over the air.

        Raises:
            UpdateError: it cannot be read, or differs from what was found.
        """
        data = await self._get(release.origin)
        try:
            content = await asyncio.to_thread(_checked, data, release)
        except ValueError as error:
            raise UpdateError(Obstacle.UNUSABLE, f"{release.origin}: {error}") from error
        return content.data

    async def _local(self) -> tuple[Image, ...]:
        if self._folder is None:
            return ()
        try:
            return await asyncio.to_thread(self._folder.images)
        except OSError as error:
            _LOGGER.warning("The folder %s cannot be read: %s", self._folder.path, error)
            return ()

    async def _public(self) -> tuple[Image, ...]:
        if not self.sources.remote:
            return ()
        now = asyncio.get_running_loop().time()
        if now >= self._ask_at:
            try:
                data = await self._get(RemoteZ2MProvider.DEFAULT_URL)
                index = await asyncio.to_thread(read_index, data)
            except (UpdateError, ValueError) as error:
                level = logging.DEBUG if self._is_failing else logging.WARNING
                _LOGGER.log(level, "The index of firmware cannot be read: %s", error)
                self._is_failing, self._ask_at = True, now + _AGAIN_SECONDS
            else:
                self._is_failing, self._ask_at = False, now + _INDEX_SECONDS
                self._index = tuple(i for i in index if i.release.origin.startswith(_SECURE))
        return self._index

    async def _get(self, origin: str) -> bytes:
        if origin.startswith(_SECURE):
            if self.sources.fetch is None or not self.sources.remote:
                raise UpdateError(Obstacle.UNUSABLE, f"{origin}: downloads are turned off")
            return await self.sources.fetch(origin)
        try:
            return await asyncio.to_thread(Path(origin).read_bytes)
        except OSError as error:
            raise UpdateError(Obstacle.UNUSABLE, str(error)) from error

    def _explain(self, image: Image, model: str, running: Firmware) -> None:
        """Log once that a file would be offered if its model were known."""
        release = image.release
        kind = (release.manufacturer, release.image_type)
        if (
            image.is_nameless(model)
            and kind == (running.manufacturer, running.image_type)
            and release.origin not in self._explained
        ):
            self._explained.add(release.origin)
            _LOGGER.warning(
                "%s does not say which model it is for; put it into a folder named like the model, such"
                " as %s",
                release.origin,
                model,
            )


def _checked(data: bytes, release: Release) -> Content:
    """Return an image that has been read again, if it is unchanged.

    Raises:
        ValueError: it is another one, or not an image.
    """
    if sha512(data).hexdigest() != release.checksum:
        raise ValueError("its checksum is wrong")
    content = Content.of(data)
    if (content.manufacturer, content.image_type, content.version) != (
        release.manufacturer,
        release.image_type,
        release.version,
    ):
        raise ValueError("its header differs from the index")
    return content
