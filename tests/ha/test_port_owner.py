"""Users of a port, by any of its names."""

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

from homeassistant.components.hassio import HassioNotReadyError
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.aqara_zigbee import ports
from custom_components.aqara_zigbee.ports import name_of, port_owner, usb_devices

PATH = "socket://192.168.7.9:6638"


@pytest.fixture(autouse=True)
async def usb(hass: HomeAssistant) -> None:
    assert await async_setup_component(hass, "usb", {})


@pytest.fixture
def addons() -> Iterator[dict[str, Any]]:
    """The add-ons of a Home Assistant that has them."""
    installed: dict[str, Any] = {}
    with (
        patch.object(ports, "is_hassio", return_value=True),
        patch.object(ports, "get_addons_info", return_value=installed),
    ):
        yield installed


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("socket://ZB.local.:6638", "tcp://zb.local:6638"),
        ("socket://[FD00:0:0::9]:6638", "socket://[fd00::9]:6638"),
        ("/dev/../dev/null", "/dev/null"),
    ],
)
def test_names_of_one_port(one: str, other: str) -> None:
    assert name_of(one) == name_of(other)


@pytest.mark.parametrize("path", ["socket://zb.local:99999", "tcp://[fd00::9", "COM3", "bla://x"])
def test_unresolvable_name_is_kept(path: str) -> None:
    assert name_of(path) == path


async def test_running_addon_owns_its_port(hass: HomeAssistant, addons: dict[str, Any]) -> None:
    addons["z2m"] = {
        "name": "Zigbee2MQTT",
        "state": "started",
        "options": {"serial": [{"port": "tcp://192.168.7.9:6638"}], "count": 1},
    }
    owner = await port_owner(hass, PATH)
    assert owner is not None
    assert owner.title == "Zigbee2MQTT"
    assert await port_owner(hass, "socket://192.168.7.10:6638") is None
    addons["z2m"]["state"] = "stopped"
    assert await port_owner(hass, PATH) is None


async def test_addons_that_are_not_loaded(hass: HomeAssistant) -> None:
    """The Supervisor answers a while after Home Assistant has started."""
    MockConfigEntry(domain="zha", title="ZHA", data={"device": {"path": PATH}}).add_to_hass(hass)
    with (
        patch.object(ports, "is_hassio", return_value=True),
        patch.object(ports, "get_addons_info", side_effect=HassioNotReadyError),
    ):
        assert await ports.port_users(hass, {name_of(PATH)})


async def test_ports_that_cannot_be_read(hass: HomeAssistant) -> None:
    """A USB device disappears while the ports are listed: network coordinators are still found."""
    MockConfigEntry(domain="zha", title="ZHA", data={"device": {"path": PATH}}).add_to_hass(hass)
    with patch("homeassistant.components.usb.scan_serial_ports", side_effect=FileNotFoundError):
        assert await usb_devices(hass) == {}
        (user,) = await ports.port_users(hass, {name_of(PATH)})
    assert user.title == "ZHA"
