"""Purpose and allowed imports of each folder: tested, and a table in docs/architecture.md."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of `custom_components/aqara_zigbee`.

    Attributes:
        purpose: what is in it, in Markdown.
        imports: folders and packages that its files may import besides themselves and the standard library.
    """

    purpose: str
    imports: frozenset[str]


ROOT = ""
"""The integration's own folder."""

COMPOSITION = frozenset({"__init__.py", "config_flow.py", "guest.py", "host.py", "simulation.py"})
"""Files of the root that may import anything: they put the others together or must know the radio by name."""

FOLDERS: dict[str, Folder] = {
    "core": Folder(
        "frames to properties and back; devices and their network; pure, without clock or I/O of its own",
        frozenset(),
    ),
    "core/devices": Folder(
        "one table per model; what Lumi devices share is in `lumi.py` and `lumi_lock.py`",
        frozenset({"core"}),
    ),
    "radio": Folder(
        "zigpy and zigpy-znp: connecting, loss, interviews, frames, backups",
        frozenset({"core", "radio/ota", "serialx", "zigpy", "zigpy_znp"}),
    ),
    "radio/ota": Folder("firmware updates over the air", frozenset({"core", "radio", "zigpy"})),
    "radio/migration": Folder(
        "reads the networks of ZHA and Zigbee2MQTT",
        frozenset({"core", "mirror", "radio", "yaml", "zigpy", "zigpy_znp"}),
    ),
    "simulator": Folder(
        "a TI coordinator at serial level, the air, the simulated devices, faults",
        frozenset({"serialx", "zigpy_znp"}),
    ),
    "mirror": Folder(
        "Zigbee2MQTT's topics, payloads and `exposes` over the core",
        frozenset({"core", "mirror/requests"}),
    ),
    "mirror/requests": Folder("Zigbee2MQTT's `bridge/request/…`", frozenset({"core", "mirror"})),
    "mqtt": Folder(
        "binds the mirror to Home Assistant's MQTT client",
        frozenset({"", "core", "homeassistant", "mirror", "mirror/requests", "storage", "watch"}),
    ),
    "storage": Folder(
        "device states, backups, and what must survive a power failure",
        frozenset({"", "core", "homeassistant"}),
    ),
    "watch": Folder("repair issues and their causes", frozenset({"", "core", "homeassistant"})),
    "flows": Folder(
        "the steps of the config flow, the options flow and the repair flows",
        frozenset(
            {
                *("", "core", "homeassistant", "mirror", "mqtt", "probatio"),
                *("radio", "radio/migration", "storage", "watch"),
            }
        ),
    ),
    ROOT: Folder(
        "entities, actions, repairs, diagnostics: thin views",
        frozenset({"aiohttp", "core", "homeassistant", "probatio", "storage", "watch"}),
    ),
}
"""The folders by their path; those below `simulator` count as it."""

LATER: dict[str, tuple[str, ...]] = {
    "a device of the model is on the network, any device joins, or a flow begins": (
        "core/devices",
    ),
    "Home Assistant has started": ("blueprint_files.py",),
    "a flow begins or a repair is opened": (
        *("flows", "radio/migration", "core/pairing.py", "radio/port_path.py"),
        *("radio/restore.py", "radio/capacity.py"),
    ),
    "a backup is created or downloaded": (
        *("radio/backup.py", "radio/backup_check.py", "radio/device_table.py"),
        *("radio/open_format.py", "radio/partial.py"),
    ),
    "the MQTT mirror is enabled": (
        *("mirror", "mirror/requests", "mqtt/clock.py", "mqtt/options.py", "mqtt/session.py"),
        "watch/host_info.py",
    ),
    "there is a config entry of ZHA": (
        *("guest.py", "host.py", "doubles.py", "newcomers.py"),
        *("radio/guest.py", "radio/guest_devices.py", "radio/packet_tap.py"),
    ),
    "a device asks for firmware or is asked for its version, or there are images": ("radio/ota",),
    "an entry of a config flow with files starts for the first time": ("storage/staged_files.py",),
    "the network map is requested": ("core/network_drawing.py",),
    "an entry with the virtual coordinator starts": ("simulation.py", "simulator"),
}
"""Folders and files that no start of an entry with a coordinator imports, by when they are imported."""

PRELOADED = frozenset(
    {
        *("backup", "condition", "config_flow", "diagnostics", "logbook", "repairs"),
        *("system_health", "trigger"),
    }
)
"""Modules that Home Assistant always imports with the package (`homeassistant.loader.BASE_PRELOAD_PLATFORMS`)."""

HEAD = "| Folder | What is in it | May import, besides itself and the standard library |"


def table() -> Iterator[str]:
    """The lines of the table in docs/architecture.md, with its head."""
    yield HEAD
    yield "|---|---|---|"
    for path, folder in FOLDERS.items():
        name = "the integration's root" if path == ROOT else f"`{path}/`"
        imports = ", ".join(
            "the root" if other == ROOT else f"`{other}`" for other in sorted(folder.imports)
        )
        yield f"| {name} | {folder.purpose} | {imports or '—'} |"
    names = ", ".join(f"`{name}`" for name in sorted(COMPOSITION))
    yield f"| {names} | put the others together, or must know the radio by name | anything |"


LATER_HEAD = "| Imported when, or with a flow that needs it | Files |"


def later_table() -> Iterator[str]:
    """The lines of the table of what is imported later."""
    yield LATER_HEAD
    yield "|---|---|"
    for reason, places in LATER.items():
        names = (f"`{place}`" if place.endswith(".py") else f"`{place}/`" for place in places)
        yield f"| {reason} | {', '.join(names)} |"
