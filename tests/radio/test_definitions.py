"""Definitions are imported in a thread, before a device needs them."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from pathlib import Path
import threading
from typing import override

import pytest

from custom_components.aqara_zigbee.core.definition import Definition
from custom_components.aqara_zigbee.core.models import MODELS, Definitions
from custom_components.aqara_zigbee.radio.adapter import ZigpyRadio
from custom_components.aqara_zigbee.radio.migration import database
from custom_components.aqara_zigbee.radio.network import Port
from custom_components.aqara_zigbee.simulator import Home, Knob, LockS2, Plug, Relay
from custom_components.aqara_zigbee.simulator.node import Node
from tests.radio.conftest import RecordingListener
from tests.radio.test_interview import unfinished
from tests.simulator.host import until


class ObservedDefinitions(Definitions):
    """All definitions, none of them loaded.

    Attributes:
        blocking: the models that were imported in the event loop.
        slow_disk: while it is held, nothing can be loaded.
    """

    def __init__(self) -> None:
        super().__init__(MODELS)
        self.blocking: list[str] = []
        self.slow_disk = threading.Lock()

    @override
    def load(self, zigbee_models: Iterable[str] | None = None) -> None:
        with self.slow_disk:
            super().load(zigbee_models)

    @override
    def __getitem__(self, zigbee_model: str) -> Definition:
        is_imported = zigbee_model in MODELS and zigbee_model not in self.loaded
        if is_imported and threading.current_thread() is threading.main_thread():
            self.blocking.append(zigbee_model)
        return super().__getitem__(zigbee_model)


@pytest.fixture
def definitions() -> ObservedDefinitions:
    """Those that the radio loads."""
    return ObservedDefinitions()


@pytest.fixture
async def radio(
    home: Home, listener: RecordingListener, definitions: ObservedDefinitions, tmp_path: Path
) -> AsyncGenerator[ZigpyRadio]:
    """A radio with a database, which is not started."""
    radio = ZigpyRadio(Port("virtual://test"), str(tmp_path / "zigbee.db"), definitions)
    radio.set_listener(listener)
    yield radio
    await radio.stop()


async def join(home: Home, radio: ZigpyRadio, listener: RecordingListener, node: Node) -> None:
    """Permit joins, and wait until a device was interviewed."""
    await radio.permit(60)
    home.add(node)
    home.network.search(node)
    await until(lambda: ("interviewed", node.ieee) in listener.events)


async def test_a_start_loads_those_of_its_devices(
    home: Home, radio: ZigpyRadio, listener: RecordingListener, definitions: ObservedDefinitions
) -> None:
    """None at first, all when a device joins, and after a restart those of the two that joined."""
    await radio.start()
    assert definitions.loaded == {}
    for node in (Plug(), LockS2()):
        await join(home, radio, listener, node)
    assert definitions.are_loaded
    await radio.stop()
    definitions.loaded.clear()
    await radio.start()
    assert definitions.loaded.keys() == {Plug.MODEL, LockS2.MODEL}
    assert definitions.blocking == []


async def test_an_interview_waits_for_the_definitions(
    home: Home, radio: ZigpyRadio, listener: RecordingListener, definitions: ObservedDefinitions
) -> None:
    """Its result must be ours at once, however long they take to load."""
    await radio.start()
    await radio.permit(60)
    node = home.add(Plug())
    with definitions.slow_disk:
        home.network.search(node)
        await until(lambda: ("joined", node.ieee) in listener.events)
        await asyncio.sleep(1)  # an interview takes less
        assert ("interviewed", node.ieee) not in listener.events
    await until(lambda: ("interviewed", node.ieee) in listener.events)
    assert definitions.are_loaded
    assert definitions.blocking == []


async def test_a_device_without_permission_of_ours(
    home: Home, radio: ZigpyRadio, listener: RecordingListener, definitions: ObservedDefinitions
) -> None:
    """A router lets devices join by itself, or one has the key already."""
    await radio.start()
    node = home.add(Relay(), joined=True)
    node.report(0x0006, (0x0000, 0x10, True))
    await until(lambda: ("interviewed", node.ieee) in listener.events)
    assert definitions.are_loaded
    assert definitions.blocking == []


async def test_a_device_whose_model_is_not_known_yet(
    home: Home, radio: ZigpyRadio, definitions: ObservedDefinitions, tmp_path: Path
) -> None:
    """It can report any model, so all are loaded by the start."""
    await database.create(tmp_path / "zigbee.db", [(unfinished(home, Knob()), None)])
    await radio.start()
    assert definitions.are_loaded
    assert definitions.blocking == []


async def test_an_interview_on_request(
    home: Home, radio: ZigpyRadio, listener: RecordingListener, definitions: ObservedDefinitions
) -> None:
    await radio.start()
    node = Plug()
    await join(home, radio, listener, node)
    await radio.stop()
    definitions.loaded.clear()
    await radio.start()
    await radio.interview(node.ieee)
    assert definitions.are_loaded
    assert definitions.blocking == []
