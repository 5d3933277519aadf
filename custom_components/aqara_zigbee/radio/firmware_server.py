"""The OTA server: answers requests of devices, and transfers images.

The frames, the transfers and the images are in `ota`, which is imported when a device sends a request, when
its version is requested, and when there are images.
"""

import asyncio
from collections.abc import Callable, Coroutine
from importlib import import_module
import logging
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol, override

from ..core.errors import DeliveryError
from ..core.firmware import Firmware, ImageSources, Patience, Programmer, Release
from ..core.radio import Ieee
from .device import Question, RawDevice

if TYPE_CHECKING:
    from .ota.image_store import ImageStore
    from .ota.transfer import Transfer

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
        sources: where images come from.
        patience: timeouts.
    """

    def __init__(self, host: OtaRadio, sources: ImageSources, patience: Patience) -> None:
        """Create a server.

        Args:
            host: the radio.
            sources: where images come from.
            patience: timeouts.
        """
        self.sources = sources
        self.has_images = False
        self.patience = patience
        self._host = host
        self._listener: Callable[[Ieee, Firmware], None] = lambda ieee, firmware: None
        self._waiting: dict[Ieee, asyncio.Future[Firmware]] = {}
        self._transfers: dict[Ieee, Transfer] = {}
        self._library: ImageStore | None = None
        self._protocol: ModuleType | None = None
        """`ota.transfer`, once it is imported."""

    async def _load_library(self) -> ImageStore:
        """Return the available images. Their code is imported in another thread."""
        if self._library is None:
            module = await asyncio.to_thread(import_module, f"{__package__}.ota.image_store")
            self._library = self._library or module.ImageStore(self.sources)
        return self._library

    async def _load_protocol(self) -> ModuleType:
        """Return the code of frames and transfers, which is imported in another thread."""
        if self._protocol is None:
            self._protocol = await asyncio.to_thread(import_module, f"{__package__}.ota.transfer")
        return self._protocol

    @override
    def set_listener(self, listener: Callable[[Ieee, Firmware], None]) -> None:
        self._listener = listener

    @override
    async def find(self, model: str, running: Firmware) -> Release | None:
        if not await asyncio.to_thread(self.sources.exist):
            self.has_images = False
            return None
        library = await self._load_library()
        release = await library.newest(model, running)
        self.has_images = library.has_images
        return release

    @override
    async def ask(self, ieee: Ieee) -> Firmware:
        protocol = await self._load_protocol()
        said = self._waiting.setdefault(ieee, asyncio.get_running_loop().create_future())
        try:
            await self._host.with_device(ieee, protocol.frames.notify, self.patience.answer)
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
        protocol = await self._load_protocol()
        data = await (await self._load_library()).load(release)

        async def bring(device: RawDevice) -> None:
            transfer: Transfer = protocol.Transfer(
                device, release, data, progress, self.patience, sleepy=sleepy
            )
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
        if self._protocol is None:
            device.create_task(self._load_and_answer(device, question), f"OTA of {device.ieee}")
        else:
            self._answer(self._protocol, device, question)

    async def _load_and_answer(self, device: RawDevice, question: Question) -> None:
        try:
            self._answer(await self._load_protocol(), device, question)
        except Exception:
            _LOGGER.exception("A request of %s could not be processed", device.ieee)

    def _answer(self, protocol: ModuleType, device: RawDevice, question: Question) -> None:
        ieee = str(device.ieee)
        running: Firmware | None = protocol.frames.read_query(question)
        if running is not None:
            if (said := self._waiting.pop(ieee, None)) is not None:
                said.set_result(running)
            self._listener(ieee, running)
        if (transfer := self._transfers.get(ieee)) is not None:
            transfer.asked(question)
        else:
            turning_down = _turn_down(protocol, device, question)
            device.create_task(turning_down, f"no firmware for {ieee}")


async def _turn_down(protocol: ModuleType, device: RawDevice, question: Question) -> None:
    try:
        await protocol.frames.turn_down(device, question)
    except Exception as error:  # noqa: BLE001 - after a loss zigpy-znp fails with whatever comes first
        _LOGGER.debug("%s was not rejected: %r", device.ieee, error)
