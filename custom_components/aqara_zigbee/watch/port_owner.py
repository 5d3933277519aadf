"""Names of a port, and the programs that use it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from ipaddress import ip_address
import os
from urllib.parse import urlsplit

from homeassistant.components import usb
from homeassistant.components.hassio import HassioNotReadyError, get_addons_info
from homeassistant.components.usb import SerialDevice, SerialPortConsumer, USBDevice
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.hassio import is_hassio

_NETWORK = ("socket://", "tcp://")
"""URLs of a raw TCP connection: zigpy's and Zigbee2MQTT's."""

_STARTED = "started"
"""State of a running add-on (Supervisor API)."""


def network_name(host: str, port: int | None) -> str:
    """Return the normalized name of a TCP endpoint."""
    name = host.strip("[]").rstrip(".").lower()
    with suppress(ValueError):  # a host name
        name = ip_address(name).compressed
    return f"{name}:{port}"


def name_of(path: str) -> str:
    """Return the normalized name of a port. Must be called outside the event loop.

    ``/dev/ttyUSB0`` and its link under ``/dev/serial/by-id`` are the same port, and so are
    ``socket://192.168.1.20:6638`` and ``tcp://192.168.1.20:6638``.
    """
    if path.startswith("/"):
        return os.path.realpath(path)
    if path.startswith(_NETWORK):
        try:
            url = urlsplit(path)
            return network_name(url.hostname or "", url.port)
        except ValueError:
            return path
    return path


async def names_of(hass: HomeAssistant, paths: Iterable[str]) -> dict[str, str]:
    """Return `name_of` of several paths."""
    every = list(paths)
    return await hass.async_add_executor_job(lambda: {path: name_of(path) for path in every})


async def local_ports(hass: HomeAssistant) -> Sequence[USBDevice | SerialDevice]:
    """Return the ports of this machine; none if they cannot be read, as when one disappears."""
    try:
        return await usb.async_scan_serial_ports(hass)
    except OSError:
        return ()


async def port_owner(hass: HomeAssistant, path: str, own_entry: str | None = None) -> str | None:
    """Return the title of the current user of a port, None if it is free or ours."""
    names = set((await names_of(hass, [path])).values())
    for user in await port_users(hass, names, own_entry):
        if user.active:
            return user.title
    return None


async def port_users(
    hass: HomeAssistant, names: set[str], own_entry: str | None = None
) -> list[SerialPortConsumer]:
    """Return all users of a port, running or not, without one of our entries.

    Args:
        hass: Home Assistant.
        names: the port's names, as of `name_of`.
        own_entry: the id of an entry to omit.
    """
    ports = await local_ports(hass)
    users = dict(await usb.async_get_serial_port_consumers(hass, ports))
    for path, addon in _network_addons(hass):
        users[path] = [*users.get(path, []), addon]
    spelled = await names_of(hass, users)
    return [
        user
        for path, each in users.items()
        if spelled[path] in names
        for user in each
        if own_entry is None or user.config_entry_id != own_entry
    ]


@callback
def _network_addons(hass: HomeAssistant) -> Iterator[tuple[str, SerialPortConsumer]]:
    """Yield network ports in add-ons' options, such as Zigbee2MQTT's; `usb` has local ones only."""
    if not is_hassio(hass):
        return
    try:
        addons = get_addons_info(hass)
    except HassioNotReadyError:
        return
    for slug, addon in addons.items():
        for text in _texts(addon["options"] if addon else None):
            if addon and text.startswith(_NETWORK):
                yield (
                    text,
                    SerialPortConsumer(
                        kind="app",
                        title=addon["name"],
                        active=addon["state"] == _STARTED,
                        slug=slug,
                    ),
                )


def _texts(options: object) -> Iterator[str]:
    match options:
        case str():
            yield options
        case Mapping():
            for each in options.values():
                yield from _texts(each)
        case list():
            for each in options:
                yield from _texts(each)
