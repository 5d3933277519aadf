"""Who has a serial port."""

import os

from homeassistant.components import usb
from homeassistant.core import HomeAssistant


async def port_owner(hass: HomeAssistant, path: str, own_entry: str | None = None) -> str | None:
    """The title of whoever uses a port now, None if it is free or ours.

    Two names of one device, such as ``/dev/ttyUSB0`` and its link under ``/dev/serial/by-id``, are
    the same port.
    """
    ports = await usb.async_scan_serial_ports(hass)
    owners = await usb.async_get_serial_port_consumers(hass, ports)

    def same() -> list[str]:
        real = os.path.realpath(path) if path.startswith("/") else path
        return [
            known
            for known in owners
            if known == path or (known.startswith("/") and os.path.realpath(known) == real)
        ]

    for known in await hass.async_add_executor_job(same):
        for owner in owners[known]:
            if owner.active and (own_entry is None or owner.config_entry_id != own_entry):
                return owner.title
    return None
