"""Images on their way to devices: over the virtual coordinator, with zigpy and zigpy-znp unmodified."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
import contextlib
from functools import partial
from pathlib import Path
import struct
from typing import Any

import pytest

from custom_components.aqara_zigbee.core.errors import DeliveryError
from custom_components.aqara_zigbee.core.events import NetworkEvent
from custom_components.aqara_zigbee.core.firmware import (
    Firmware,
    ImageSources,
    Obstacle,
    Release,
    UpdateError,
)
from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.core.models import DEFINITIONS
from custom_components.aqara_zigbee.radio.adapter import ZigpyRadio
from custom_components.aqara_zigbee.radio.network import Port
from custom_components.aqara_zigbee.simulator import Home, Lock, LockS2, Plug, Relay
from custom_components.aqara_zigbee.simulator.devices import Lumi
from custom_components.aqara_zigbee.simulator.ota import CLUSTER, OtaCommand, State
from custom_components.aqara_zigbee.simulator.zcl import Frame, Status
from tests.firmware import IMAGE_TYPE, LUMI, image, patience, put
from tests.simulator.host import until, used_before

NO_IMAGE, ABORT = 0x98, 0x95


class Site:
    """A home, our radio on its coordinator, and a folder of images."""

    def __init__(self, folder: Path) -> None:
        self.home = Home(seed=1, speed=20)
        self.home.form()
        used_before(self.home)
        self.home.plug_in("test")
        self.folder = folder
        self.radio = ZigpyRadio(
            Port("virtual://test"), None, DEFINITIONS, ImageSources(folder), patience=patience()
        )
        self.server = self.radio.firmware
        self.gateway = Gateway(self.radio, DEFINITIONS, self._spawn)
        self.said: list[tuple[str, Firmware]] = []
        self.parts: list[float] = []
        self._work: set[asyncio.Task[None]] = set()
        self.radio.set_listener(self.gateway)
        self.server.set_listener(lambda ieee, firmware: self.said.append((ieee, firmware)))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    async def settle(self) -> None:
        """Wait for what was started beside."""
        while self._work:
            await asyncio.wait(self._work)

    async def close(self) -> None:
        """End everything."""
        await self.radio.stop()
        await self.settle()
        await self.home.close()

    async def join[N: Lumi](self, node: N) -> N:
        """Let a device join, and wait until it is known and has been set up."""
        described: list[str] = []

        def listener(event: NetworkEvent, device: Any) -> None:
            if event is NetworkEvent.DESCRIBED:
                described.append(device.ieee)

        self.gateway.subscribe(listener)
        self.home.add(node)
        self.home.network.search(node)
        await self.radio.permit(60)
        await until(lambda: node.ieee in described)
        await self.settle()
        node.received_frames.clear()
        return node

    async def find(self, node: Lumi) -> Release:
        """Return the newest image for a device."""
        release = await self.server.find(node.MODEL, running(node))
        assert release is not None
        return release

    async def update(self, node: Lumi, release: Release | None = None) -> None:
        """Bring a device the newest image."""
        release = release or await self.find(node)
        sleepy = self.gateway[node.ieee].is_sleepy
        await self.server.update(node.ieee, release, self.parts.append, sleepy=sleepy)

    @contextlib.asynccontextmanager
    async def updating(
        self, node: Lumi, release: Release | None = None
    ) -> AsyncGenerator[asyncio.Task[None]]:
        """The same beside something else."""
        task = asyncio.get_running_loop().create_task(self.update(node, release))
        yield task
        assert task.done()


def running(node: Lumi) -> Firmware:
    """Return a device's firmware."""
    return Firmware(LUMI, IMAGE_TYPE, node.file_version)


def has_more_than(node: Lumi, octets: int) -> bool:
    """Whether a device has got on."""
    return node.ota.offset > octets


def talk(node: Lumi) -> list[Frame]:
    """Return the OTA frames that a device received."""
    return [received.frame for received in node.received_frames if received.cluster == CLUSTER]


@pytest.fixture
async def site(tmp_path: Path) -> AsyncGenerator[Site]:
    asyncio.get_running_loop().set_debug(False)
    site = Site(tmp_path)
    await site.radio.start()
    yield site
    await site.close()


@pytest.fixture
async def plug(site: Site) -> Plug:
    """A plug on the network, and an image for it."""
    put(site.folder, "lumi.plug", 92)
    return await site.join(Plug())


# Learning


async def test_device_reports_its_version(site: Site, plug: Plug) -> None:
    site.said.clear()
    assert await site.server.ask(plug.ieee) == running(plug)
    assert site.said == [(plug.ieee, running(plug))]
    await until(lambda: plug.ota.answers[-1] == NO_IMAGE)


async def test_concurrent_version_requests_share_the_answer(site: Site, plug: Plug) -> None:
    first, second = await asyncio.gather(site.server.ask(plug.ieee), site.server.ask(plug.ieee))
    assert first == second == running(plug)


async def test_device_without_an_answer(site: Site, plug: Plug) -> None:
    site.server.patience = patience(answer=2)
    site.home.faults.mute(plug)
    with pytest.raises(DeliveryError, match="does not report"):
        await site.server.ask(plug.ieee)
    plug.power_off()
    with pytest.raises(DeliveryError):
        await site.server.ask(plug.ieee)
    with pytest.raises(DeliveryError, match="not on the network"):
        await site.server.ask("00:15:8d:00:00:00:00:99")


async def test_unexpected_query_is_read_and_rejected(site: Site, plug: Plug) -> None:
    site.said.clear()
    plug.ota.answers.clear()
    plug.ask_for_firmware()
    await until(lambda: plug.ota.answers)
    assert plug.ota.answers == [NO_IMAGE]
    assert site.said == [(plug.ieee, running(plug))]
    assert plug.ota.state is State.NORMAL


async def test_hardware_version(site: Site, plug: Plug) -> None:
    site.said.clear()
    plug.command(CLUSTER, OtaCommand.QUERY, struct.pack("<BHHIH", 1, LUMI, IMAGE_TYPE, 90, 18))
    await until(lambda: site.said)
    assert site.said == [(plug.ieee, Firmware(LUMI, IMAGE_TYPE, 90, 18))]


async def test_unexpected_requests_are_answered(site: Site, plug: Plug) -> None:
    for command, payload, answered, status in (
        (OtaCommand.BLOCK, struct.pack("<BHHIIB", 0, LUMI, IMAGE_TYPE, 92, 0, 48), 0x05, ABORT),
        (OtaCommand.END, struct.pack("<BHHI", 0, LUMI, IMAGE_TYPE, 92), 0x0B, ABORT),
        (OtaCommand.QUERY, b"\0", OtaCommand.QUERY_RESPONSE, NO_IMAGE),
        (0x04, b"", 0x0B, 0x81),
        (0x08, b"\0\1\2", 0x0B, 0x81),
    ):
        plug.received_frames.clear()
        plug.command(CLUSTER, command, payload)
        await until(lambda: talk(plug))
        (answer,) = talk(plug)
        assert answer.command == answered
        assert answer.payload[-1] == status


# Bringing


async def test_image_arrives_complete(site: Site, plug: Plug) -> None:
    """To the last octet, with progress that only grows; the device runs it in the end."""
    content = image(92, octets=1000)
    put(site.folder, "lumi.plug", 92, content)
    await site.update(plug)
    assert plug.ota.checked == content
    assert plug.file_version == 92
    assert site.parts == sorted(site.parts)
    assert site.parts[0] == 0.0
    assert site.parts[-1] == 1.0
    assert len(set(site.parts)) > 10
    assert site.said[-1] == (plug.ieee, running(plug))
    assert await site.server.find("lumi.plug", running(plug)) is None
    plug.ask_for_firmware()  # it is one as before
    await until(lambda: plug.ota.answers[-1] == NO_IMAGE)


@pytest.mark.parametrize("kind", [Relay, Lock, LockS2])
async def test_other_models(site: Site, kind: type[Lumi]) -> None:
    node = await site.join(kind())
    put(site.folder, node.MODEL, 200)
    async with site.updating(node) as task:
        node.heartbeat()
        await task
    assert node.file_version == 200


async def test_data_after_an_image_is_dropped(site: Site, plug: Plug) -> None:
    put(site.folder, "lumi.plug", 92, image(92) + b"signature of whoever packed it")
    await site.update(plug)
    assert plug.ota.checked == image(92)


async def test_other_traffic_continues(site: Site, plug: Plug) -> None:
    """Commands and reports work during a transfer."""
    device = site.gateway[plug.ieee]
    async with site.updating(plug) as task:
        await until(lambda: plug.ota.offset > 100)
        await device.set("state", wish=True)
        assert plug.on[0]
        plug.heartbeat()
        await until(lambda: device.state.get("energy") is not None)
        assert not task.done()
        await task
    assert plug.file_version == 92


async def test_device_that_runs_it_already(site: Site, plug: Plug) -> None:
    """Another program was faster: nothing is sent, and it is not an error."""
    release = await site.find(plug)
    plug.file_version = 92
    await site.update(plug, release)
    assert plug.ota.checked == b""
    assert site.parts == []


async def test_device_that_runs_something_else(site: Site, plug: Plug) -> None:
    release = await site.find(plug)
    plug.file_version = 93
    with pytest.raises(UpdateError) as error:
        await site.update(plug, release)
    assert error.value.obstacle is Obstacle.REFUSED
    assert plug.file_version == 93


async def test_lost_blocks_are_sent_again(site: Site, plug: Plug) -> None:
    """Channel busy, no acknowledgement: the device repeats its request and gets the same."""
    async with site.updating(plug) as task:
        for status in (0xE1, 0xE9, 0xF0):
            site.home.faults.confirm(status, node=plug, times=2)
            await until(partial(has_more_than, plug, plug.ota.offset))
        await task
    assert plug.ota.checked == image(92)
    assert plug.file_version == 92


async def test_repeated_frames(site: Site, plug: Plug) -> None:
    site.home.faults.duplicates = 2
    await site.update(plug)
    assert plug.ota.checked == image(92)


async def test_request_beyond_the_end(site: Site, plug: Plug) -> None:
    plug.ota.strays_at = 96
    await site.update(plug)
    assert plug.ota.checked == image(92)
    assert 0x80 in [frame.payload[-1] for frame in talk(plug) if frame.command == 0x0B]


async def test_invalid_requests_during_a_transfer(site: Site, plug: Plug) -> None:
    """Questions cut short, about another image or out of place are answered and change nothing."""
    async with site.updating(plug) as task:
        await until(lambda: plug.ota.offset > 100)
        for command, payload in (
            (OtaCommand.BLOCK, b"\0"),
            (OtaCommand.BLOCK, struct.pack("<BHHIIB", 0, LUMI, IMAGE_TYPE, 77, 0, 48)),
            (OtaCommand.QUERY, b""),
            (OtaCommand.END, b"\0\1"),
            (OtaCommand.END, struct.pack("<BHHI", 0, LUMI, IMAGE_TYPE, 77)),
            (0x04, b"page"),
        ):
            plug.command(CLUSTER, command, payload)
        await until(lambda: plug.ota.offset > 300)
        await task
    assert plug.ota.checked == image(92)


# Failures: the device goes on with what it had, and can be updated afterwards


async def check_usable(site: Site, node: Lumi) -> None:
    """Whether a device works as before and can still be updated."""
    site.home.faults.clear()
    await until(lambda: node.ota.state is State.NORMAL)
    before = node.file_version
    release = await site.find(node)
    async with site.updating(node, release) as task:
        node.heartbeat()
        await task
    assert node.file_version == release.version > before


async def test_device_that_stops_requesting(site: Site, plug: Plug) -> None:
    site.server.patience = patience(stall=3)
    plug.ota.stops_at = 240
    with pytest.raises(UpdateError) as error:
        await site.update(plug)
    assert error.value.obstacle is Obstacle.STALLED
    assert error.value.detail == "36 %"
    assert plug.file_version == 90
    plug.ota.stop()  # it starts again later
    plug.ota.stops_at = None
    await check_usable(site, plug)


async def test_device_that_never_accepts_a_block(site: Site, plug: Plug) -> None:
    """It repeats its request: this is no progress, despite other frames."""
    site.server.patience = patience(stall=3)
    plug.ota.clings_to = 240
    with pytest.raises(UpdateError) as error:
        await site.update(plug)
    assert error.value.obstacle is Obstacle.STALLED
    await until(lambda: plug.ota.state is State.NORMAL)  # its next question was turned down
    assert plug.file_version == 90
    plug.ota.clings_to = None
    await check_usable(site, plug)


@pytest.mark.parametrize("forgets", [False, True])
async def test_device_that_rejects_the_image(site: Site, plug: Plug, forgets: bool) -> None:
    """It downloads the image and rejects it; some do not even send its image type."""
    plug.ota.forgets_type = forgets
    for verdict, reason in (
        (Status.ABORT, "aborted by the device, at 100 %"),
        (Status.INVALID_IMAGE, "not a valid image, at 100 %"),
        (Status.FAILURE, "status 0x01, at 100 %"),
    ):
        plug.ota.verdict = verdict
        with pytest.raises(UpdateError) as error:
            await site.update(plug)
        assert error.value.obstacle is Obstacle.REFUSED
        assert error.value.detail == reason
        assert plug.file_version == 90
        assert plug.restarts == 1
    plug.ota.verdict = Status.SUCCESS
    await check_usable(site, plug)


async def test_power_cut_midway(site: Site, plug: Plug) -> None:
    """It loses the image and does not request it again: the update has failed, the device works."""
    site.server.patience = patience(stall=3)
    async with site.updating(plug) as task:
        await until(lambda: plug.ota.offset > 200)
        plug.power_cycle()
        with pytest.raises(UpdateError) as error:
            await task
    assert error.value.obstacle is Obstacle.STALLED
    assert plug.file_version == 90
    await check_usable(site, plug)


async def test_power_cut_and_new_query(site: Site, plug: Plug) -> None:
    async with site.updating(plug) as task:
        await until(lambda: plug.ota.offset > 200)
        plug.power_cycle()
        plug.ask_for_firmware()
        await task
    assert plug.ota.checked == image(92)
    assert plug.file_version == 92


async def test_device_that_restarts_repeatedly(site: Site, plug: Plug) -> None:
    async with site.updating(plug) as task:
        for _ in range(6):
            await until(lambda: plug.ota.offset > 100)
            plug.ota.stop()
            plug.ask_for_firmware()
        with pytest.raises(UpdateError, match="repeatedly"):
            await task
    await check_usable(site, plug)


async def test_device_that_keeps_its_firmware(site: Site, plug: Plug) -> None:
    site.server.patience = patience(back=2)
    plug.ota.keeps_old = True
    with pytest.raises(UpdateError) as error:
        await site.update(plug)
    assert error.value.obstacle is Obstacle.UNCHANGED
    assert plug.file_version == 90
    site.server.patience = patience()
    plug.ota.keeps_old = False
    await check_usable(site, plug)


async def test_silence_after_the_restart(site: Site, plug: Plug) -> None:
    site.server.patience = patience(back=2)
    async with site.updating(plug) as task:
        await until(lambda: plug.ota.state is State.COUNTDOWN)
        plug.power_off()
        with pytest.raises(UpdateError) as error:
            await task
    assert error.value.obstacle is Obstacle.UNCONFIRMED
    plug.power_on()
    await check_usable(site, plug)


async def test_unanswered_upgrade_end_request_is_repeated(site: Site, plug: Plug) -> None:
    """The device waits an hour before it repeats itself; here it does so at once."""
    content = image(92, octets=20)
    put(site.folder, "lumi.plug", 92, content)
    plug.ota.pace = 4.0
    async with site.updating(plug) as task:
        await until(lambda: plug.ota.offset == len(content))
        site.home.faults.confirm(0xE9, node=plug)
        await until(lambda: plug.ota.state is State.COMPLETE)
        await asyncio.sleep(0.1)
        assert plug.ota.state is State.COMPLETE
        site.home.faults.clear()
        plug.command(CLUSTER, OtaCommand.END, struct.pack("<BHHI", 0, LUMI, IMAGE_TYPE, 92))
        await task
    assert plug.file_version == 92


async def test_device_that_does_not_begin(site: Site, plug: Plug) -> None:
    site.home.faults.mute(plug)
    site.server.patience = patience(begin=2)
    with pytest.raises(UpdateError) as error:
        await site.update(plug)
    assert error.value.obstacle is Obstacle.SILENT
    await check_usable(site, plug)


def replace(path: Path, content: bytes | None) -> None:
    """Write a file again, or delete it."""
    path.unlink()
    if content is not None:
        path.write_bytes(content)


async def test_file_that_changed_is_not_sent(site: Site, plug: Plug) -> None:
    release = await site.find(plug)
    path = Path(release.origin)
    for content in (image(93), image(92)[:-1], image(92, octets=601), b"", None):
        replace(path, content)
        with pytest.raises(UpdateError) as error:
            await site.update(plug, release)
        assert error.value.obstacle is Obstacle.UNUSABLE
    assert talk(plug) == []


# Links and lives that end


@pytest.mark.parametrize("way", ["unplug", "drop_link", "reset_radio"])
async def test_link_lost_midway(site: Site, plug: Plug, way: str) -> None:
    """It ends at once; when the radio is back the device's questions are turned down, and it is free."""
    async with site.updating(plug) as task:
        await until(lambda: plug.ota.offset > 200)
        getattr(site.home, way)()
        with pytest.raises(DeliveryError):
            async with asyncio.timeout(60):
                await task
    await site.radio.stop()
    if way == "unplug":
        site.home.plug_in("test")
    assert plug.file_version == 90
    with pytest.raises(DeliveryError):
        await site.update(plug)


async def test_cancelled_transfer(site: Site, plug: Plug) -> None:
    async with site.updating(plug) as task:
        await until(lambda: plug.ota.offset > 200)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    await until(lambda: plug.ota.state is State.NORMAL)
    assert plug.file_version == 90
    await check_usable(site, plug)


async def test_radio_stopped_midway(site: Site, plug: Plug) -> None:
    async with site.updating(plug) as task:
        await until(lambda: plug.ota.offset > 200)
        await site.radio.stop()
        with pytest.raises(DeliveryError):
            await task
    names = [str(t.get_coro()) for t in asyncio.all_tasks() if t is not asyncio.current_task()]
    assert [name for name in names if "Transfer" in name or "turn_down" in name] == []


async def test_device_removed_midway(site: Site, plug: Plug) -> None:
    async with site.updating(plug) as task:
        await until(lambda: plug.ota.offset > 200)
        await site.radio.remove(plug.ieee, force=True)
        with pytest.raises(DeliveryError, match="no longer on the network"):
            async with asyncio.timeout(60):
                await task


async def test_new_address_midway(site: Site, plug: Plug) -> None:
    """It comes back under another network address, and the image goes there."""
    async with site.updating(plug) as task:
        await until(lambda: plug.ota.offset > 200)
        plug.rejoin()
        await task
    assert plug.ota.checked == image(92)
    assert plug.file_version == 92


# Sleep


@pytest.fixture
async def lock(site: Site) -> LockS2:
    """A lock that has gone to sleep, and an image for it."""
    put(site.folder, LockS2.MODEL, 300)
    lock = await site.join(LockS2())
    await until(lambda: not lock.awake)
    return lock


async def speak_until(lock: LockS2, task: asyncio.Task[None]) -> None:
    """Let a lock send frames at intervals, until it is updated."""
    while not task.done():
        lock.heartbeat()
        await asyncio.wait((task,), timeout=5)
    await task


async def test_sleepy_device_that_does_not_wake(site: Site, lock: LockS2) -> None:
    before = lock.file_version
    site.server.patience = patience(wake=2)
    with pytest.raises(UpdateError) as error:
        await site.update(lock)
    assert error.value.obstacle is Obstacle.ASLEEP
    assert lock.file_version == before
    await check_usable(site, lock)


async def test_sleepy_device_that_wakes_in_time(site: Site, lock: LockS2) -> None:
    async with site.updating(lock) as task:
        await asyncio.sleep(0.7)
        assert lock.ota.state is State.NORMAL
        await speak_until(lock, task)
    assert lock.file_version == 300


async def test_sleepy_device_that_sleeps_during_the_transfer(site: Site, lock: LockS2) -> None:
    """It sleeps in the middle, longer than it listens, and goes on by itself."""
    lock.ota.nap = 4 * lock.listens_for
    async with site.updating(lock) as task:
        await speak_until(lock, task)
    assert lock.ota.checked == image(300)
    assert lock.file_version == 300


async def test_sleepy_device_that_sleeps_after_its_restart(site: Site, lock: LockS2) -> None:
    """It announces itself and sleeps before its version can be read; its next frame allows it."""
    async with site.updating(lock) as task:
        lock.heartbeat()
        await until(lambda: lock.ota.state is State.COUNTDOWN)
        lock.listens_for = 0.0
        await until(lambda: lock.file_version == 300)
        await asyncio.sleep(0.3)
        assert not task.done()
        lock.listens_for = 2.0
        lock.heartbeat()
        await task
