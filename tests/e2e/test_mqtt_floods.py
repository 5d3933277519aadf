"""What strangers may send: too much, too deep, too long, not even text."""

from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.radio.virtual.devices import Plug
from custom_components.aqara_zigbee.radio.virtual.home import Home
from tests.e2e.broker import Client
from tests.ha.conftest import join

PLUG = "Mi smart plug"


async def alive(listener: Client) -> None:
    """The mirror still answers."""
    count = len(listener.said("bridge/response/health_check"))
    for attempt in range(20):
        listener.send("bridge/request/health_check", {"transaction": attempt})
        try:
            await listener.hear("bridge/response/health_check", count + 1, 0.5)
        except AssertionError:
            continue
        return
    raise AssertionError("it is dead")


async def test_strange_messages(home: Home, gateway: Gateway, listener: Client) -> None:
    plug = Plug()
    await join(home, gateway, plug)
    await listener.hear(f"{PLUG}/availability", 2)
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
    response = await listener.request("health_check", deep)
    assert response["transaction"] == deep["transaction"]


async def test_flood(home: Home, gateway: Gateway, listener: Client) -> None:
    """Thousands of wishes end as few, and the plug obeys afterwards."""
    plug = Plug()
    device = await join(home, gateway, plug)
    await listener.hear(f"{PLUG}/availability", 2)
    for number in range(3000):
        listener.send(f"{PLUG}/set", "ON" if number % 2 else "OFF", qos=0)
        listener.send(f"nobody {number}/set", "ON", qos=0)
    await alive(listener)
    errors = [message.content["message"] for message in listener.said("bridge/logging")]
    assert any("messages a second, skipping" in error for error in errors)
    assert len(errors) < 1000
    listener.messages.clear()
    await listener.until(lambda: device.ieee not in gateway or not listener.messages)
    for _ in range(20):
        listener.send(f"{PLUG}/set", "ON")
        try:
            await listener.until(lambda: plug.on[0], 0.5)
        except AssertionError:
            continue
        break
    assert plug.on[0]
