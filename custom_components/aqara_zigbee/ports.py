"""Ports of coordinators: their names, the programs that use them, and the discovered ones.

An entry stores the serial number of its coordinator, by which the coordinator is recognized at
another port or host.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
import os
from typing import Self
from urllib.parse import urlsplit

from homeassistant.components import usb
from homeassistant.components.hassio import HassioNotReadyError, get_addons_info
from homeassistant.components.usb import SerialDevice, SerialPortConsumer, USBDevice
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.hassio import is_hassio
from homeassistant.helpers.service_info.usb import UsbServiceInfo
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo

from .const import DOMAIN

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


async def port_owner(
    hass: HomeAssistant, path: str, own_entry: str | None = None
) -> SerialPortConsumer | None:
    """Return the current user of a port, None if it is free or ours."""
    names = set((await names_of(hass, [path])).values())
    for user in await port_users(hass, names, own_entry):
        if user.active:
            return user
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


CONF_DEVICE = "device"
CONF_SERIAL_NUMBER = "serial_number"

CONFIRM = "confirm"
"""The step of a discovery flow that offers a coordinator which no program is configured to use."""

_SERVICE = "_zigbee-coordinator._tcp.local."
"""The service whose properties describe the radio. Older services are named after a product."""

_PORT = 6638
"""Port of the serial line, for services without a port or with ESPHome's own."""
_ESPHOME_PORT = 6053

_ZNP = "znp"
"""ZHA's name for the protocol of TI's coordinators."""
_OTHER_RADIOS = ("efr32", "zigate")
"""Parts of the names of older services with radios of other makers."""

_OTHER_ADAPTERS = {
    ("0403", "6015"),
    ("10C4", "8A2A"),
    ("10C4", "8B34"),
    ("1A86", "55D4"),
    ("1CF1", "0030"),
}
_OTHER_DESCRIPTIONS = ("slzb-07", "zigate", " max", " lite")
"""USB ids and descriptions of other radios; as in ZHA's manifest of Home Assistant 2026.10."""


@dataclass(frozen=True, slots=True)
class Discovered:
    """A coordinator that announced itself.

    Attributes:
        path: the port's path.
        names: all names of that port, as `name_of` writes them.
        name: its name for people.
        serial_number: None if it has none, or one shared by a series.
        unique_id: the unique id of its discovery.
    """

    path: str
    names: frozenset[str]
    name: str
    serial_number: str | None
    unique_id: str

    @classmethod
    def by_usb(cls, info: UsbServiceInfo) -> Self:
        """Create from a USB device. Must be called outside the event loop."""
        return cls(
            path=info.device,
            names=frozenset({name_of(info.device)}),
            name=info.description or info.device,
            serial_number=usable_serial_number(info.serial_number),
            unique_id=usb.usb_unique_id_from_service_info(info),
        )

    @classmethod
    def by_zeroconf(cls, info: ZeroconfServiceInfo) -> Self | None:
        """Create from a zeroconf service; None for other radios or incomplete properties."""
        is_described = info.type == _SERVICE
        if _radio_of(info) != _ZNP:
            return None
        port = info.port
        if not is_described and (port is None or (port == _ESPHOME_PORT and "tube" in info.name)):
            port = _PORT
        hostname = info.hostname.rstrip(".").lower()
        serial_number = (
            info.properties.get("serial_number")
            if is_described
            else hostname.removesuffix(".local")
        )
        if port is None or not serial_number:
            return None
        host = f"[{info.host}]" if info.ip_address.version == 6 else info.host
        label = info.name.partition("._")[0]
        return cls(
            path=f"socket://{host}:{port}",
            names=frozenset(network_name(each, port) for each in (*info.addresses, hostname)),
            name=label if is_described else (info.properties.get("name") or label),
            serial_number=serial_number,
            unique_id=serial_number,
        )


def _radio_of(info: ZeroconfServiceInfo) -> str | None:
    if info.type == _SERVICE or "radio_type" in info.properties:
        radio: str | None = info.properties.get("radio_type")
        return radio
    is_other = any(radio in info.name.lower() for radio in _OTHER_RADIOS)
    return None if is_other else _ZNP


def is_of_other_radio(info: UsbServiceInfo) -> bool:
    """Whether a USB device has another maker's radio. ZHA may use it, whose network can be used."""
    text = (info.description or "").lower()
    return (info.vid.upper(), info.pid.upper()) in _OTHER_ADAPTERS or any(
        part in text for part in _OTHER_DESCRIPTIONS
    )


def usable_serial_number(serial_number: str | None) -> str | None:
    """Return the serial number if it is unique: not ``0001``, which whole series share."""
    number = (serial_number or "").strip()
    return None if number.strip("0") in ("", "1") else number


async def usb_devices(hass: HomeAssistant) -> dict[str, USBDevice]:
    """Return the connected USB devices by the names of their ports."""
    found = [port for port in await local_ports(hass) if isinstance(port, USBDevice)]
    names = await names_of(hass, (usb_device.device for usb_device in found))
    return {names[usb_device.device]: usb_device for usb_device in found}


@callback
def offered_paths(hass: HomeAssistant) -> list[str]:
    """Return the ports of coordinators that Home Assistant has discovered and that nothing uses yet."""
    flows = hass.config_entries.flow
    paths: list[str] = []

    def note(path: str | None) -> bool:
        paths.append(path or "")
        return True

    shown = [
        *flows.async_progress_by_init_data_type(
            UsbServiceInfo, lambda info: note(info.device), include_uninitialized=True
        ),
        *flows.async_progress_by_init_data_type(
            ZeroconfServiceInfo,
            lambda info: note(found.path if (found := Discovered.by_zeroconf(info)) else None),
            include_uninitialized=True,
        ),
    ]
    return [
        path
        for path, flow in zip(paths, shown, strict=True)
        if path and flow["handler"] == DOMAIN and flow.get("step_id") == CONFIRM
    ]


async def settle(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Store the serial number once an entry's network runs, and abort discoveries of its port."""
    path = str(entry.data[CONF_DEVICE]["path"])
    name = (await names_of(hass, [path]))[path]
    same = {path}
    if usb_device := (await usb_devices(hass)).get(name):
        note_serial_number(hass, entry, usable_serial_number(usb_device.serial_number))
        same |= {usb_device.device, usb_device.resolved_device or path}

    def is_same_host(info: ZeroconfServiceInfo) -> bool:
        found = Discovered.by_zeroconf(info)
        if found is None or name not in found.names:
            return False
        note_serial_number(hass, entry, found.serial_number)
        return True

    _end_offers(hass, entry, UsbServiceInfo, lambda info: info.device in same)
    _end_offers(hass, entry, ZeroconfServiceInfo, is_same_host)


@callback
def _end_offers[InfoT](
    hass: HomeAssistant, entry: ConfigEntry, kind: type[InfoT], is_same: Callable[[InfoT], bool]
) -> None:
    """Abort discoveries of an entry's port, except the one that is creating it."""
    flows = hass.config_entries.flow
    for flow in flows.async_progress_by_init_data_type(kind, is_same, include_uninitialized=True):
        if flow["handler"] == DOMAIN and flow["context"].get("unique_id") != entry.unique_id:
            flows.async_abort(flow["flow_id"])


@callback
def note_serial_number(hass: HomeAssistant, entry: ConfigEntry, number: str | None) -> None:
    """Store the serial number of an entry's coordinator; None removes it."""
    data = {key: value for key, value in entry.data.items() if key != CONF_SERIAL_NUMBER}
    if number is not None:
        data[CONF_SERIAL_NUMBER] = number
    if data != entry.data:
        hass.config_entries.async_update_entry(entry, data=data)
