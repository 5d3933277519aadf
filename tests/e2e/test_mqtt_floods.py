"""Hostile messages: too many, too deep, too long, not text."""

import time

from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.mirror.rate_limit import BURST, RATE
from custom_components.aqara_zigbee.simulator.devices import Plug, Relay
from custom_components.aqara_zigbee.simulator.home import Home
from tests.e2e.broker import Client
from tests.ha.conftest import join

PLUG = "Mi smart plug"


async def alive(listener: Client) -> None:
    """Check that the mirror still answers; it may skip requests during a flood."""
    count = len(listener.said("bridge/response/health_check"))
    for attempt in range(60):
        listener.send("bridge/request/health_check", {"transaction": attempt})
        try:
            await listener.receive("bridge/response/health_check", count + 1, 2)
        except AssertionError:
            continue
        return
    raise AssertionError("it is dead")


async def test_hostile_messages(home: Home, gateway: Gateway, listener: Client) -> None:
    plug = Plug()
    await join(home, gateway, plug)
    await listener.receive(f"{PLUG}/availability", 2)
    for payload in (
        b"\xff\xfe\x00",
        b"\x00",
        "[" * 60_000,
        '{"a":' * 12_000,
        '{"state":"ON"' + " " * 70_000 + "}",
        "x" * 5_000_000,
        '{"state":' + "9" * 60_000 + "}",
        '{"state":NaN}',
        '"' + "\\ud800" * 1000 + '"',
    ):
        listener.send(f"{PLUG}/set", payload)
        listener.send(f"{PLUG}/get", payload)
        listener.send("bridge/request/device/rename", payload)
        listener.send("bridge/request/permit_join", payload)
    await alive(listener)
    assert not plug.on[0]
    deep: dict[str, object] = {}
    for _ in range(12):
        deep = {"transaction": deep}
    listener.send("bridge/request/health_check", deep)
    await listener.until(
        lambda: any(  # earlier ones are answered, too
            message.content.get("transaction") == deep["transaction"]
            for message in listener.said("bridge/response/health_check")
        )
    )


async def test_a_burst_ends_with_the_newest_command(
    home: Home, gateway: Gateway, listener: Client
) -> None:
    """300 commands at once for one relay, and one for another device among them."""
    relay, plug = Relay(), Plug()
    await join(home, gateway, relay)
    await join(home, gateway, plug)
    await listener.until(
        lambda: any(len(message.content) == 3 for message in listener.said("bridge/devices"))
    )
    name = listener.said("bridge/devices")[-1].content[1]["friendly_name"]
    for number in range(300):
        listener.send(f"{name}/l1/set", "OFF" if number % 2 else "ON", qos=0)
        if number == 150:
            listener.send(f"{PLUG}/set", "ON", qos=0)
            listener.send(f"{name}/l2/set", "ON", qos=0)
    await listener.until(lambda: plug.on[0] and relay.on == [False, True])
    await listener.until(
        lambda: (
            (states := [m.content for m in listener.said(name) if m.payload])
            and (states[-1].get("state_l1"), states[-1].get("state_l2")) == ("OFF", "ON")
        )
    )


async def test_flood(home: Home, gateway: Gateway, listener: Client) -> None:
    """Thousands of commands result in a few, and the plug works afterwards."""
    plug = Plug()
    device = await join(home, gateway, plug)
    await listener.receive(f"{PLUG}/availability", 2)
    start = time.monotonic()
    for number in range(3000):
        listener.send(f"{PLUG}/set", "ON" if number % 2 else "OFF", qos=0)
        listener.send(f"nobody {number}/set", "ON", qos=0)
    await alive(listener)
    errors = [message.content["message"] for message in listener.said("bridge/logging")]
    assert any("messages a second, skipping" in error for error in errors)
    assert len(errors) <= 2 * (BURST + RATE * (time.monotonic() - start))
    listener.messages.clear()
    await listener.until(lambda: device.ieee not in gateway or not listener.messages)
    for _ in range(60):
        listener.send(f"{PLUG}/set", "ON")
        try:
            await listener.until(lambda: plug.on[0], 2)
        except AssertionError:
            continue
        break
    assert plug.on[0]
