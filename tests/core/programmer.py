"""The port through which firmware gets to devices, without a radio: what happens is written down."""

from collections.abc import Callable
from typing import override

from custom_components.aqara_zigbee.core.device import Device
from custom_components.aqara_zigbee.core.errors import AqaraError, DeliveryError
from custom_components.aqara_zigbee.core.firmware import Firmware, Programmer, Release
from custom_components.aqara_zigbee.core.radio import Ieee


class ScriptedProgrammer(Programmer):
    """Brings whatever it is told to.

    Attributes:
        asked: who was asked what it runs, in order.
        updated: who was brought which version, and whether it was waited for as a sleeper.
        error: what an update fails with; None for none.
        during: called in the middle of an update.
    """

    def __init__(self) -> None:
        self.asked: list[Ieee] = []
        self.updated: list[tuple[Ieee, int, bool]] = []
        self.error: AqaraError | None = None
        self.during: Callable[[], None] = lambda: None
        self._listener: Callable[[Ieee, Firmware], None] = lambda ieee, firmware: None
        self._answers: dict[Ieee, Firmware] = {}
        self._newest: int | None = None

    def offer(self, version: int | None) -> None:
        """There is an image of this version for everybody, or none."""
        self._newest = version

    def answers(self, device: Device, version: int | None) -> None:
        """From now on a device says that it runs this when it is asked; None for nothing."""
        if version is None:
            self._answers.pop(device.ieee, None)
        else:
            self._answers[device.ieee] = Firmware(0x115F, 257, version)

    def says(self, device: Device, version: int) -> None:
        """A device says by itself what it runs."""
        self._listener(device.ieee, Firmware(0x115F, 257, version))

    @override
    def tell(self, listener: Callable[[Ieee, Firmware], None]) -> None:
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
