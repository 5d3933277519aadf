"""A radio on a virtual coordinator, and its listener."""

from collections.abc import AsyncGenerator
from datetime import datetime
from pathlib import Path

import pytest

from custom_components.aqara_zigbee.core import zcl
from custom_components.aqara_zigbee.core.models import DEFINITIONS
from custom_components.aqara_zigbee.core.radio import Node
from custom_components.aqara_zigbee.radio.adapter import ZigpyRadio
from custom_components.aqara_zigbee.radio.network import Port
from custom_components.aqara_zigbee.simulator import Home, Plug
from tests.simulator.host import until, used_before


class RecordingListener:
    """Listens to a radio; raises for chosen events.

    Attributes:
        heard: the events, in order.
        frames: the reports, None for other frames.
        reports: the same with the sender.
        nodes: the last node of each device.
        nwk: the network addresses of those that were readdressed.
        fails_at: the events for which it raises, after recording them.
    """

    def __init__(self) -> None:
        self.events: list[tuple[str, str]] = []
        self.frames: list[zcl.Report | None] = []
        self.reports: list[tuple[str, zcl.Report | None]] = []
        self.nwk: dict[str, int] = {}
        self.nodes: dict[str, Node] = {}
        self.fails_at: set[str] = set()

    def _note(self, what: str, about: str) -> None:
        self.events.append((what, about))
        if what in self.fails_at:
            raise ZeroDivisionError(what)

    def known(self, node: Node, now: datetime) -> None:
        """From before."""
        self.nodes[node.ieee] = node
        self._note("known", node.ieee)

    def joined(self, node: Node, now: datetime) -> None:
        """For the first time, or back."""
        self._note("joined", node.ieee)

    def readdressed(self, node: Node) -> None:
        """Its network address has changed."""
        self.nwk[node.ieee] = node.nwk
        self._note("readdressed", node.ieee)

    def interviewed(self, node: Node, now: datetime) -> None:
        """All is known of it."""
        self.nodes[node.ieee] = node
        self._note("interviewed", node.ieee)

    def rejoined(self, node: Node, now: datetime) -> None:
        """A known one has joined again."""
        self.nodes[node.ieee] = node
        self._note("rejoined", node.ieee)

    def interview_failed(self, node: Node) -> None:
        """It fell silent."""
        self._note("interview_failed", node.ieee)

    def left(self, ieee: str) -> None:
        """Of its own accord."""
        self._note("left", ieee)

    def removed(self, ieee: str) -> None:
        """By us."""
        self._note("removed", ieee)

    def received(
        self, ieee: str, report: zcl.Report | None, link_quality: int | None, now: datetime
    ) -> None:
        """Record a frame."""
        self.frames.append(report)
        self.reports.append((ieee, report))
        self._note("received", ieee)

    def sent(self, status: int | None, now: datetime) -> None:
        """A frame went out, or did not."""
        self._note("sent", str(status))

    def lost(self, reason: str) -> None:
        """Record the loss of the radio."""
        self._note("lost", reason)


@pytest.fixture
async def home() -> AsyncGenerator[Home]:
    """A home whose coordinator has a network and is plugged in."""
    async with Home(seed=1, speed=20) as home:
        home.form()
        used_before(home)
        home.plug_in("test")
        yield home


@pytest.fixture
def listener() -> RecordingListener:
    """The radio's listener."""
    return RecordingListener()


@pytest.fixture
async def radio(home: Home, listener: RecordingListener) -> AsyncGenerator[ZigpyRadio]:
    """A radio that is not up yet, and is not left up."""
    radio = ZigpyRadio(Port("virtual://test"), None, DEFINITIONS)
    radio.set_listener(listener)
    yield radio
    await radio.stop()


@pytest.fixture
async def stored(
    home: Home, listener: RecordingListener, tmp_path: Path
) -> AsyncGenerator[ZigpyRadio]:
    """A radio with a database, that is not up yet and is not left up."""
    radio = ZigpyRadio(Port("virtual://test"), str(tmp_path / "zigbee.db"), DEFINITIONS)
    radio.set_listener(listener)
    yield radio
    await radio.stop()


@pytest.fixture
async def plug(home: Home, radio: ZigpyRadio, listener: RecordingListener) -> Plug:
    """A plug on a running radio."""
    await radio.start()
    plug = home.add(Plug())
    await radio.permit(60)
    home.network.search(plug)
    await until(lambda: ("interviewed", plug.ieee) in listener.events)
    return plug
