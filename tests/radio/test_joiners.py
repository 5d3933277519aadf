"""Many devices that join at once, most of which do not exist."""

import asyncio
from types import SimpleNamespace

import zigpy.types as t

from custom_components.aqara_zigbee.radio.adapter import ZigpyRadio
from custom_components.aqara_zigbee.radio.application import Application
from custom_components.aqara_zigbee.radio.joiners import MOST_JOINERS, RateLimit
from custom_components.aqara_zigbee.simulator.devices import Plug


def app_of(radio: ZigpyRadio) -> Application:
    app = radio._app
    assert app is not None
    return app


def address(number: int) -> t.EUI64:
    return t.EUI64.convert(f"00:15:8d:00:00:00:00:{number:02x}")


async def test_last_seen_joining_devices_are_kept(radio: ZigpyRadio, plug: Plug) -> None:
    app = app_of(radio)
    app._joins = RateLimit(0, 1)
    for number in range(MOST_JOINERS + 3):
        app.handle_join(t.NWK(0x1000 + number), address(number), t.NWK(0))
    there = [number for number in range(MOST_JOINERS + 3) if address(number) in app.devices]
    assert len(there) == MOST_JOINERS
    assert MOST_JOINERS + 2 in there
    assert t.EUI64.convert(plug.ieee) in app.devices


async def test_many_simultaneous_joins_are_delayed(radio: ZigpyRadio, plug: Plug) -> None:
    app = app_of(radio)
    app._joins = RateLimit(3600, 2)
    for number in range(5):
        app.handle_join(t.NWK(0x1000 + number), address(number), t.NWK(0))
    assert [number for number in range(5) if address(number) in app.devices] == [0, 1]


async def test_timers_of_joining_devices_are_limited(radio: ZigpyRadio, plug: Plug) -> None:
    app = app_of(radio)
    app._associations = RateLimit(3600, 2)
    over = asyncio.get_running_loop().call_later(3600, list)
    over.cancel()
    app._join_announce_tasks[address(99)] = over
    for number in range(5):
        app.on_zdo_tc_device_join(
            SimpleNamespace(
                SrcNwk=t.NWK(0x1000 + number), SrcIEEE=address(number), ParentNwk=t.NWK(0)
            )
        )
    assert set(app._join_announce_tasks) & {address(number) for number in (*range(5), 99)} == {
        address(0),
        address(1),
    }
