"""Answers whatever devices ask about firmware, and brings images to those that are to have one."""

import asyncio
from collections.abc import Callable, Coroutine
import logging
from typing import Any, Protocol, override

from ..core.errors import DeliveryError
from ..core.firmware import Firmware, Programmer, Release
from ..core.radio import Ieee
from .device import Question, RawDevice
from .library import Library
from .questions import notify, read_query, turn_down
from .transfer import Patience, Transfer

_LOGGER = logging.getLogger(__name__)


class Host(Protocol):
    """The radio, as far as it is needed here."""

    async def with_device[R](
        self,
        ieee: Ieee,
        work: Callable[[RawDevice], Coroutine[Any, Any, R]],
        seconds: float | None = None,
    ) -> R:
        """Run something with a device; it ends at once when the radio goes."""
        ...


class FirmwareServer(Programmer):
    """The OTA server of a network.

    Attributes:
        library: the images there are.
        patience: how long devices are waited for.
    """

    def __init__(self, host: Host, library: Library, patience: Patience) -> None:
        """Make a server.

        Args:
            host: the radio.
            library: the images there are.
            patience: how long devices are waited for.
        """
        self.library = library
        self._host = host
        self.patience = patience
        self._listener: Callable[[Ieee, Firmware], None] = lambda ieee, firmware: None
        self._waiting: dict[Ieee, asyncio.Future[Firmware]] = {}
        self._transfers: dict[Ieee, Transfer] = {}

    @override
    def tell(self, listener: Callable[[Ieee, Firmware], None]) -> None:
        self._listener = listener

    @override
    async def find(self, model: str, running: Firmware) -> Release | None:
        return await self.library.newest(model, running)

    @override
    async def ask(self, ieee: Ieee) -> Firmware:
        said = self._waiting.setdefault(ieee, asyncio.get_running_loop().create_future())
        try:
            await self._host.with_device(ieee, notify, self.patience.answer)
            async with asyncio.timeout(self.patience.answer):
                return await asyncio.shield(said)
        except TimeoutError as error:
            raise DeliveryError(f"{ieee} does not say what it runs") from error
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
            device.ota_in_progress = True  # zigpy leaves it alone then
            try:
                await transfer.run()
            finally:
                device.ota_in_progress = False
                self._transfers.pop(ieee, None)

        await self._host.with_device(ieee, bring)

    def heard(self, ieee: Ieee) -> None:
        """A device has said something."""
        if transfer := self._transfers.get(ieee):
            transfer.heard()

    def removed(self, ieee: Ieee) -> None:
        """A device was taken out of the network."""
        if transfer := self._transfers.pop(ieee, None):
            transfer.removed()

    def asked(self, device: RawDevice, question: Question) -> None:
        """A device's OTA client asks something."""
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
        _LOGGER.debug("%s was not turned down: %r", device.ieee, error)
