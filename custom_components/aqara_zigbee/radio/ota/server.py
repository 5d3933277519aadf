"""The OTA server: answers requests of devices, and transfers images."""

import asyncio
from collections.abc import Callable, Coroutine
import logging
from typing import Any, Protocol, override

from ...core.errors import DeliveryError
from ...core.firmware import Firmware, Programmer, Release
from ...core.radio import Ieee
from ..device import Question, RawDevice
from .frames import notify, read_query, turn_down
from .image_store import ImageStore
from .transfer import Patience, Transfer

_LOGGER = logging.getLogger(__name__)


class OtaRadio(Protocol):
    """The radio's functions for the OTA server."""

    async def with_device[R](
        self,
        ieee: Ieee,
        work: Callable[[RawDevice], Coroutine[Any, Any, R]],
        seconds: float | None = None,
    ) -> R:
        """Run a coroutine with a device; it ends at once when the radio is lost."""
        ...


class FirmwareServer(Programmer):
    """The OTA server of a network.

    Attributes:
        library: the available images.
        patience: timeouts.
    """

    def __init__(self, host: OtaRadio, library: ImageStore, patience: Patience) -> None:
        """Create a server.

        Args:
            host: the radio.
            library: the available images.
            patience: timeouts.
        """
        self.library = library
        self.has_images = False
        self._host = host
        self.patience = patience
        self._listener: Callable[[Ieee, Firmware], None] = lambda ieee, firmware: None
        self._waiting: dict[Ieee, asyncio.Future[Firmware]] = {}
        self._transfers: dict[Ieee, Transfer] = {}

    @override
    def set_listener(self, listener: Callable[[Ieee, Firmware], None]) -> None:
        self._listener = listener

    @override
    async def find(self, model: str, running: Firmware) -> Release | None:
        release = await self.library.newest(model, running)
        self.has_images = self.library.has_images
        return release

    @override
    async def ask(self, ieee: Ieee) -> Firmware:
        said = self._waiting.setdefault(ieee, asyncio.get_running_loop().create_future())
        try:
            await self._host.with_device(ieee, notify, self.patience.answer)
            async with asyncio.timeout(self.patience.answer):
                return await asyncio.shield(said)
        except TimeoutError as error:
            raise DeliveryError(f"{ieee} does not report its firmware version") from error
        finally:
            if self._waiting.get(ieee) is said:
                del self._waiting[ieee]

    @override
    async def update(
        self, ieee: Ieee, release: Release, progress: Callable[[float], None], *, sleepy: bool
    ) -> None:
        data = await self.library.load(release)

        async def bring(device: RawDevice) -> None:
            transfer = Transfer(device, release, data, progress, self.patience, sleepy=sleepy)
            self._transfers[ieee] = transfer
            device.ota_in_progress = True  # zigpy does not interfere then
            try:
                await transfer.run()
            finally:
                device.ota_in_progress = False
                self._transfers.pop(ieee, None)

        await self._host.with_device(ieee, bring)

    def on_frame(self, ieee: Ieee) -> None:
        """Called when a device has sent something."""
        if transfer := self._transfers.get(ieee):
            transfer.on_frame()

    def removed(self, ieee: Ieee) -> None:
        """Called when a device was removed from the network."""
        if transfer := self._transfers.pop(ieee, None):
            transfer.removed()

    def asked(self, device: RawDevice, question: Question) -> None:
        """Called when a device's OTA client sent a request."""
        ieee = str(device.ieee)
        running = read_query(question)
        if running is not None:
            if (said := self._waiting.pop(ieee, None)) is not None:
                said.set_result(running)
            self._listener(ieee, running)
        if (transfer := self._transfers.get(ieee)) is not None:
            transfer.asked(question)
        else:
            device.create_task(_turn_down(device, question), f"no firmware for {ieee}")


async def _turn_down(device: RawDevice, question: Question) -> None:
    try:
        await turn_down(device, question)
    except Exception as error:  # noqa: BLE001 - after a loss zigpy-znp fails with whatever comes first
        _LOGGER.debug("%s was not rejected: %r", device.ieee, error)
