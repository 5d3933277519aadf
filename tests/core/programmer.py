"""The port through which firmware gets to devices, without a radio: what happens is written down."""

from collections.abc import Callable
from typing import override

from custom_components.aqara_zigbee.core.device import Device
from custom_components.aqara_zigbee.core.errors import AqaraError, DeliveryError
from custom_components.aqara_zigbee.core.firmware import Firmware, Programmer, Release
from custom_components.aqara_zigbee.core.radio import Ieee


class ScriptedProgrammer(Programmer):
    """Updates devices as the test controls.

    Attributes:
        asked: the devices with version requests, in order.
        updated: updated devices, with version and whether they were waited for as sleepy.
        error: the error of updates; None for success.
        during: called during an update.
    """

    def __init__(self) -> None:
        self.has_images = False
        self.asked: list[Ieee] = []
        self.updated: list[tuple[Ieee, int, bool]] = []
        self.error: AqaraError | None = None
        self.during: Callable[[], None] = lambda: None
        self._listener: Callable[[Ieee, Firmware], None] = lambda ieee, firmware: None
        self._answers: dict[Ieee, Firmware] = {}
        self._newest: int | None = None

    def offer(self, version: int | None) -> None:
        """Set the version of the image for all devices, or none."""
        self._newest = version

    def answers(self, device: Device, version: int | None) -> None:
        """Set the version that a device answers; None for no answer."""
        if version is None:
            self._answers.pop(device.ieee, None)
        else:
            self._answers[device.ieee] = Firmware(0x115F, 257, version)

    def reports(self, device: Device, version: int) -> None:
        """Let a device report its version unrequested."""
        self._listener(device.ieee, Firmware(0x115F, 257, version))

    @override
    def set_listener(self, listener: Callable[[Ieee, Firmware], None]) -> None:
        self._listener = listener

    @override
    async def ask(self, ieee: Ieee) -> Firmware:
        self.asked.append(ieee)
        if ieee not in self._answers:
            raise DeliveryError("nobody answers")
        self._listener(ieee, self._answers[ieee])
        return self._answers[ieee]

    @override
    async def find(self, model: str, running: Firmware) -> Release | None:
        if self._newest is None or self._newest <= running.version:
            return None
        return Release(
            running.manufacturer, running.image_type, self._newest, 100, "a file", "00", model
        )

    @override
    async def update(
        self, ieee: Ieee, release: Release, progress: Callable[[float], None], *, sleepy: bool
    ) -> None:
        self.updated.append((ieee, release.version, sleepy))
        for part in (0.0, 0.004, 0.5, 0.504, 1.0):
            progress(part)
        self.during()
        if self.error is not None:
            raise self.error
        self._listener(ieee, Firmware(release.manufacturer, release.image_type, release.version))
