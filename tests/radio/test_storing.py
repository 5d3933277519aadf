"""New devices on a full disk, of which zigpy's database knows nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
import sqlite3
from typing import Any

import pytest

from custom_components.aqara_zigbee.core import zcl
from custom_components.aqara_zigbee.core.errors import DeliveryError
from custom_components.aqara_zigbee.radio.adapter import ZigpyRadio
from custom_components.aqara_zigbee.radio.application import Application
from custom_components.aqara_zigbee.simulator import Home, Plug, Relay
from custom_components.aqara_zigbee.simulator.node import Node
from tests.radio.conftest import RecordingListener
from tests.simulator.host import until

ON = zcl.Command(1, zcl.Cluster.ON_OFF, 0x01)


@pytest.fixture
async def stored(stored: ZigpyRadio) -> ZigpyRadio:
    """A radio with a database, started."""
    await stored.start()
    return stored


def app_of(radio: ZigpyRadio) -> Application:
    app = radio._app
    assert app is not None
    return app


@contextmanager
def full_disk(radio: ZigpyRadio) -> Iterator[None]:
    """Let the database refuse to be written."""
    database: Any = app_of(radio)._dblistener
    execute = database.execute

    def refuse(query: str, *rest: Any) -> Any:
        if "devices_v" in query or "descriptors" in query:
            raise sqlite3.OperationalError("database or disk is full")
        return execute(query, *rest)

    database.execute = refuse
    yield
    database.execute = execute


async def written(radio: ZigpyRadio) -> None:
    """Wait until the database has done what it had to do."""
    database: Any = app_of(radio)._dblistener
    await database._callback_handlers.join()


async def join(home: Home, radio: ZigpyRadio, listener: RecordingListener, node: Node) -> None:
    home.add(node)
    await radio.permit(60)
    home.network.search(node)
    await until(lambda: ("interviewed", node.ieee) in listener.events)
    await written(radio)


async def after_restart(radio: ZigpyRadio, listener: RecordingListener) -> dict[str, bool]:
    """The devices that are known after a restart, and whether they are known in full."""
    listener.nodes.clear()
    await radio.stop()
    await radio.start()
    return {ieee: node.is_complete for ieee, node in listener.nodes.items()}


async def test_device_is_stored_when_there_is_space_again(
    home: Home,
    stored: ZigpyRadio,
    listener: RecordingListener,
    caplog: pytest.LogCaptureFixture,
) -> None:
    plug = Plug()
    with full_disk(stored):
        await join(home, stored, listener, plug)
        for _ in range(3):
            await app_of(stored)._watchdog_feed()
            await written(stored)
    assert caplog.text.count("cannot be stored now: database or disk is full") == 1
    await stored.request(plug.ieee, ON)
    await app_of(stored)._watchdog_feed()
    await written(stored)
    assert not app_of(stored)._unstored
    assert await after_restart(stored, listener) == {plug.ieee: True}
    assert listener.nodes[plug.ieee].model == plug.MODEL
    await stored.request(plug.ieee, ON)


async def test_device_is_stored_at_the_end(
    home: Home, stored: ZigpyRadio, listener: RecordingListener
) -> None:
    relay = Relay()
    with full_disk(stored):
        await join(home, stored, listener, relay)
    assert await after_restart(stored, listener) == {relay.ieee: True}


async def test_device_that_is_removed_meanwhile_is_not_stored(
    home: Home, stored: ZigpyRadio, listener: RecordingListener
) -> None:
    plug = Plug()
    with full_disk(stored):
        await join(home, stored, listener, plug)
    plug.power_off()
    await stored.remove(plug.ieee, force=True)
    await until(lambda: ("removed", plug.ieee) in listener.events)
    await app_of(stored)._watchdog_feed()
    assert not app_of(stored)._unstored
    assert await after_restart(stored, listener) == {}


async def test_device_that_cannot_be_stored_after_its_second_interview_stays(
    home: Home, stored: ZigpyRadio, listener: RecordingListener
) -> None:
    """Its frames and commands work, and it can be interviewed when there is space."""
    plug = Plug()
    await join(home, stored, listener, plug)
    with full_disk(stored):
        with pytest.raises(DeliveryError):
            await stored.interview(plug.ieee)
        listener.reports.clear()
        plug.press()
        await until(lambda: listener.reports)
        await stored.request(plug.ieee, ON)
    listener.events.clear()
    await stored.interview(plug.ieee)
    assert ("interviewed", plug.ieee) in listener.events
    await written(stored)
    assert await after_restart(stored, listener) == {plug.ieee: True}
