"""Paths of ports as people type them, and as Zigbee2MQTT writes them."""

import pytest

from custom_components.aqara_zigbee.radio.port_path import complete, is_discovered


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ("10.1.0.7:8888", "socket://10.1.0.7:8888"),
        (" slzb-06.local ", "socket://slzb-06.local:6638"),
        ("uzg.lan:7638/", "socket://uzg.lan:7638"),
        ("TCP://10.0.0.9", "socket://10.0.0.9:6638"),
        ("tcp://coordinator:99/", "socket://coordinator:99"),
        ("[fd00::20]:7638", "socket://[fd00::20]:7638"),
        ("[fd00::20]", "socket://[fd00::20]:6638"),
        ("fd00::20", "socket://[fd00::20]:6638"),
        ("tcp://2001:db8::5", "socket://[2001:db8::5]:6638"),
        ("socket://[2001:db8::5]:1", "socket://[2001:db8::5]:1"),
        ("/dev/serial/by-id/usb-Texas_1:2-if00", "/dev/serial/by-id/usb-Texas_1:2-if00"),
        ("COM3", "COM3"),
        ("virtual://home", "virtual://home"),
        ("mdns://uzg-01", "mdns://uzg-01"),
    ],
)
def test_missing_parts_of_a_path_are_added(given: str, path: str) -> None:
    assert complete(given) == path
    assert complete(path) == path


def test_names_of_services_are_not_addresses() -> None:
    assert is_discovered(" MDNS://slzb-06")
    assert not is_discovered("socket://mdns.local:6638")
