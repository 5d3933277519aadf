"""Energy counters with a reset, for meters without one.

No command resets the meters of these devices (Koenkk/zigbee2mqtt#5530). So the device counts on,
and its reading at the user's reset is stored here.
"""

from datetime import datetime

from .device import Device
from .device_settings import EnergyReset
from .errors import UnknownProperty
from .property import Numeric
from .source import round_half_up


def total(device: Device, row: Numeric) -> float | None:
    """Return the meter's reading; None if unknown."""
    value = device.state.get(row.name)
    return value if isinstance(value, int | float) else None


def began(device: Device, row: Numeric) -> datetime | None:
    """Return the time of the last reset; None without one."""
    reset = _beginning(device, row)
    return reset.since if reset else None


def counted(device: Device, row: Numeric) -> float | None:
    """Return the energy since the last reset, or since ever; None if the reading is unknown."""
    reset, now = _beginning(device, row), total(device, row)
    if reset is None or now is None:
        return now
    return round_half_up(now - reset.base, row.quantity.decimals or 0)


def mend(device: Device, row: Numeric) -> None:
    """Adjust the reset when the meter itself was reset, or only seemed so."""
    reset, now = _beginning(device, row), total(device, row)
    if reset is None or now is None or row.most_per_hour is None:
        return
    fitting = reset.after(now, device.last_seen or reset.since, row.most_per_hour)
    if fitting != reset:
        device.remember(fitting.as_option(device.options, row.name))


async def set_back(device: Device, row: Numeric, now: datetime) -> None:
    """Reset the counter. It is stored when this returns.

    Raises:
        UnknownProperty: the meter's reading is unknown.
    """
    base = total(device, row)
    if base is None:
        raise UnknownProperty(row.name, "reset before it is known")
    await device.configure(EnergyReset(base, now).as_option(device.options, row.name))


def _beginning(device: Device, row: Numeric) -> EnergyReset | None:
    return EnergyReset.from_options(device.options, row.name)
