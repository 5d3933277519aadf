"""A home for each test, and a host."""

from collections.abc import AsyncIterator, Iterator

import probatio
import pytest

from custom_components.aqara_zigbee.simulator import Home

from .bench import Bench
from .host import Host, hosting


@pytest.fixture(scope="session", autouse=True)
def interpreted_schemas() -> Iterator[None]:
    """Keep probatio from compiling zigpy's schema.

    From the fiftieth use on it would, and probatio 0.13 writes zigpy 2.4's `max=math.inf` as a
    name that does not exist: NameError.
    """
    policy = probatio.get_compile_policy()
    probatio.set_compile_policy(probatio.CompilePolicy.OFF)
    yield
    probatio.set_compile_policy(policy)


@pytest.fixture
def bench() -> Bench:
    """Devices without a coordinator; time is advanced by hand."""
    return Bench()


@pytest.fixture
async def home() -> AsyncIterator[Home]:
    """A formed home without devices; its time runs five times as fast."""
    async with Home(seed=1, speed=5) as home:
        home.form(channel=15)
        yield home


@pytest.fixture
async def host(home: Home) -> AsyncIterator[Host]:
    """Zigpy on the home's coordinator, in memory."""
    async with hosting(home.plug_in("test")) as host:
        yield host


@pytest.fixture(autouse=True)
def no_port_stays_plugged_in() -> Iterator[None]:
    """Every test unplugs its ports."""
    from custom_components.aqara_zigbee.simulator.port import PLUGGED_IN  # noqa: PLC0415

    yield
    assert not PLUGGED_IN
