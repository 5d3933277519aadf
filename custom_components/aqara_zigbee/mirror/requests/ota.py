"""Firmware in Zigbee2MQTT's terms: requests and state (protocol 6.7, 6.8)."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from pathlib import PurePath
from typing import Any

from ...core.device import Device
from ...core.errors import DeliveryError
from ...core.firmware import Obstacle, Release, UpdateError, Upkeep
from ...core.updates import Updates
from ..payload import Json
from ..ports import Hook
from .message import Data, RequestError, said

_REASONS: Mapping[Obstacle, str] = {
    Obstacle.BUSY: "Another device is being updated",
    Obstacle.NOTHING_NEW: "No image currently available",
    Obstacle.UNUSABLE: "The image cannot be used",
    Obstacle.SILENT: "The device did not respond to the OTA request",
    Obstacle.ASLEEP: "The device is asleep; wake it right after the request",
    Obstacle.STALLED: "The transfer was interrupted",
    Obstacle.REFUSED: "The device rejected the image",
    Obstacle.UNCHANGED: "The device still runs the old version",
    Obstacle.UNCONFIRMED: "The device received the image, but has not reported anything since it restarted",
}


class FirmwareRequests:
    """Answers requests about firmware."""

    def __init__(self, updates: Updates) -> None:
        self._updates = updates

    @property
    def hooks(self) -> Mapping[str, Hook]:
        """The handler of each request."""
        return {
            "device/ota_update/check": self._check,
            "device/ota_update/update": self._update,
        }

    async def _check(self, device: Device | None, message: Mapping[str, Any]) -> Data:
        """Check for an update; the response has both generations' keys."""
        assert device is not None
        name = said(message, "id")
        if device.upkeep.is_updating:
            raise RequestError(f"Update or check for update already in progress for '{name}'")
        release = await _tried(
            self._updates.check, device, f"Failed to check if update available for '{name}'"
        )
        found = release is not None
        data: Data = {"id": name, "update_available": found, "updateAvailable": found}
        if release is not None:
            data |= {"source": _source_of(release), "release_notes": release.notes or None}
        return data

    async def _update(self, device: Device | None, message: Mapping[str, Any]) -> Data:
        """Update the firmware; the response follows when the device runs it, maybe hours later."""
        assert device is not None
        name = said(message, "id")
        if device.upkeep.is_updating:
            raise RequestError(f"Update or check for update already in progress for '{name}'")
        before = _make_of(device)
        await _tried(self._updates.install, device, f"Update of '{name}' failed")
        return {"id": name, "from": before, "to": _make_of(device)}


async def _tried[R](work: Callable[[Device], Awaitable[R]], device: Device, failure: str) -> R:
    """Run a firmware operation of a device.

    Raises:
        RequestError: it failed; the text is the reason.
    """
    try:
        return await work(device)
    except UpdateError as error:
        detail = f": {error.detail}" if error.detail else ""
        raise RequestError(f"{failure} ({_REASONS[error.obstacle]}{detail})") from error
    except DeliveryError as error:
        raise RequestError(f"{failure} ({error})") from error


def _source_of(release: Release) -> str:
    """Return the source of an image; of a file only its name is published."""
    origin = release.origin
    return origin if "://" in origin else PurePath(origin).name


def _make_of(device: Device) -> dict[str, Json]:
    """Return the device's firmware as far as it is known."""
    running, about = device.upkeep.running, device.about
    return {
        "file_version": None if running is None else running.version,
        "software_build_id": about.software_build_id,
        "date_code": about.date_code,
    }


class Progress:
    """The ``update`` object of a device, with an estimate of the remaining time."""

    def __init__(self, upkeep: Upkeep) -> None:
        self._upkeep = upkeep
        self._began: tuple[datetime, int] | None = None

    def describe(self, now: datetime) -> dict[str, Json] | None:
        """Return the ``update`` object of a message; None while nothing is known."""
        running, release = self._upkeep.running, self._upkeep.release
        if running is None:
            return None
        shown: dict[str, Json] = {
            "state": "idle" if release is None else "available",
            "installed_version": running.version,
            "latest_version": running.version if release is None else release.version,
        }
        if not self._upkeep.is_updating:
            self._began = None
            return shown
        shown["state"] = "updating"
        if (percent := self._upkeep.percent) is not None:
            shown |= {"progress": percent, "remaining": self._remaining(percent, now)}
        return shown

    def _remaining(self, percent: int, now: datetime) -> Json:
        """Return the remaining seconds at the pace so far; None before there is a pace."""
        if self._began is None or percent < self._began[1]:
            self._began = now, percent
        since, first = self._began
        if percent == first:
            return None
        return round((now - since).total_seconds() / (percent - first) * (100 - percent))
