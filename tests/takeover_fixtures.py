"""Makes the files of other programs that the take-over is tested with.

    python -m tests.takeover_fixtures                                     # all, with zigpy 2.3
    PYTHONPATH=.venv/zigpy-2.4 python -m tests.takeover_fixtures newest   # ZHA's, one version newer

ZHA's database is written by zigpy itself, as installed, while simulated devices join; `make_older`
puts the same rows into the tables that zigpy's own schema files describe. Zigbee2MQTT's
files have the layouts of its versions 1 and 2, as people posted them in public threads. Addresses
and keys are invented. Beside each stands the home they describe, so that a test can let it live on.
"""

import asyncio
from collections.abc import Sequence
from contextlib import closing
import json
from pathlib import Path
import sqlite3
import sys
from typing import Any

import homeassistant  # noqa: F401 - before zigpy, which then shares its validator
from zigpy.appdb import DB_VERSION
import zigpy.appdb_schemas

from custom_components.aqara_zigbee.radio.network import Port
from custom_components.aqara_zigbee.radio.restore import read
from custom_components.aqara_zigbee.simulator import (
    Home,
    Knob,
    Lock,
    LockS2,
    Node,
    Plug,
    Relay,
    Thermometer,
)
from tests.simulator.host import Host, hosting

FOLDER = Path(__file__).parent / "fixtures" / "takeover"
HOMES = (Plug, Relay, LockS2, Lock, Knob, Thermometer)

KEY = bytes.fromhex("a1b2c3d4e5f60718293a4b5c6d7e8f90")
NAMES = {
    "plug": "Kettle",
    "relay": "Hall/Lights",
    "locks2": "Front door",
    "lock": "Garden door",
    "knob": "Knob",
    "thermometer": "Cellar thermometer",
}


# ZHA


async def make_zha() -> None:
    """Let devices join zigpy as ZHA runs it, and keep its file."""
    path = FOLDER / "zha" / f"zigbee-v{DB_VERSION}.db"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    async with Home(seed=11, speed=20) as home:
        home.form(channel=20)
        nodes = [home.add(kind()) for kind in HOMES]
        async with hosting(home.plug_in("zha"), database_path=str(path)) as host:
            await host.take_in(*nodes)
            await _use(host, nodes)
            await host.app.backups.create_backup()
            await asyncio.sleep(0.5)
        home.unplug()
        (path.parent / f"home-v{DB_VERSION}.json").write_text(_json(home.snapshot()))


async def _use(host: Host, nodes: Sequence[Node]) -> None:
    """Leave behind what use leaves behind: values, a group."""
    plug, relay = nodes[0], nodes[1]
    assert isinstance(plug, Plug)
    plug.set_load(42)
    plug.press()
    await asyncio.sleep(0.3)
    for node, endpoint in ((plug, 1), (relay, 2)):
        on_off = host.device(node).endpoints[endpoint].on_off
        await on_off.read_attributes(["on_off"])
    await host.device(plug).endpoints[2].analog_input.read_attributes(["present_value"])
    await (
        host.device(relay)
        .endpoints[1]
        .basic.read_attributes(["app_version", "hw_version", "date_code", "power_source"])
    )
    group = host.app.groups.add_group(0x0005, "Downstairs")
    group.add_member(host.device(relay).endpoints[1])


_TABLES = (
    "devices",
    "endpoints",
    "clusters",
    "neighbors",
    "routes",
    "node_descriptors",
    "groups",
    "group_members",
    "relays",
    "network_backups",
)
_CACHE = ("ieee", "endpoint_id", "cluster_type", "cluster_id", "attr_id", "value", "last_updated")


def make_older(version: int, target: Path) -> None:
    """The rows of version 15 as zigpy kept them in version 13 or 14."""
    cache = _CACHE if version == 13 else (*_CACHE, "manufacturer_code", "status")
    columns = dict.fromkeys(_TABLES, "*") | {"attributes_cache": ", ".join(cache)}
    with closing(sqlite3.connect(target)) as database:
        database.executescript(zigpy.appdb_schemas.SCHEMAS[version])
        database.execute("ATTACH ? AS newer", (str(FOLDER / "zha" / "zigbee-v15.db"),))
        for table, names in columns.items():
            into = "" if names == "*" else f" ({names})"
            database.execute(
                f"INSERT INTO {table}_v{version}{into} SELECT {names} FROM newer.{table}_v15"
            )
        if version == 13:
            database.execute("DELETE FROM attributes_cache_v13 WHERE value IS NULL")
        database.commit()


# Zigbee2MQTT

CLUSTERS = {
    0x0000: "genBasic", 0x0001: "genPowerCfg", 0x0002: "genDeviceTempCfg", 0x0003: "genIdentify",
    0x0004: "genGroups", 0x0005: "genScenes", 0x0006: "genOnOff", 0x000A: "genTime",
    0x000C: "genAnalogInput", 0x0010: "genBinaryOutput", 0x0012: "genMultistateInput",
    0x0019: "genOta", 0x0101: "closuresDoorLock", 0x0402: "msTemperatureMeasurement",
}  # fmt: skip

SEEN = 1_781_000_000_000
"""Milliseconds since 1970."""

STATES: dict[str, dict[str, Any]] = {
    "plug": {
        "state": "ON", "power": 12.5, "energy": 3.21, "consumption": 3.2099, "linkquality": 120,
        "device_temperature": 31, "power_outage_memory": True, "power_outage_count": 4,
        "update": {"state": "idle", "installed_version": 90}, "update_available": False,
    },
    "relay": {
        "state_l1": "OFF", "state_l2": "ON", "state": "ON", "power": 61.48, "energy": 99.5,
        "voltage": 234.3, "current": 0.26, "interlock": True, "power_outage_count": -1,
        "device_temperature": "hot",
    },
    "locks2": {
        "state": "LOCK", "reverse": "UNLOCK", "battery": 58, "voltage": 3700, "battery_low": False,
        "action": "finger_open_user_id3", "action_user": 3, "linkquality": 80,
    },
    "lock": {"data": "11800001", "linkquality": 60},
    "knob": {
        "battery": 67, "voltage": 2950, "operation_mode": "event", "sensitivity": "HIGH",
        "action_rotation_angle": 12,
    },
    "thermometer": {"temperature": 21.5},
}  # fmt: skip


async def make_zigbee2mqtt() -> None:
    """A home that Zigbee2MQTT had, and its files in both layouts."""
    folder = FOLDER / "zigbee2mqtt"
    folder.mkdir(parents=True, exist_ok=True)
    async with Home(seed=12, speed=20) as home:
        home.form(channel=11, pan_id=0x1A2B, extended_pan="01:02:03:04:05:06:07:08", key=KEY)
        for kind in HOMES:
            home.add(kind(), joined=True)
        backup = await read(Port(home.plug_in("zigbee2mqtt")))
        assert backup is not None
        home.unplug()
        (folder / "home.json").write_text(_json(home.snapshot()))
        stick = _address(home.ieee)
        for layout in (1, 2):
            place = folder / f"version-{layout}"
            place.mkdir(exist_ok=True)
            lines = [_coordinator(stick, layout)]
            lines += [_entry(number, node, layout) for number, node in enumerate(home.devices, 2)]
            lines += _strangers(layout, home)
            text = "\n".join(json.dumps(line, separators=(",", ":")) for line in lines)
            (place / "database.db").write_text(text)
            open_format = backup.as_open_format()
            (place / "coordinator_backup.json").write_text(
                json.dumps(_network(open_format, layout), indent=2)
            )
            states = {_address(node.ieee): STATES[node.name] for node in home.devices}
            (place / "state.json").write_text(json.dumps(states, indent=2))
            for name, content in _configuration(home, layout).items():
                (place / name).write_text(content)


def _address(ieee: str) -> str:
    return "0x" + ieee.replace(":", "")


def _coordinator(address: str, layout: int) -> dict[str, Any]:
    endpoints = {
        str(number): {
            "profId": profile,
            "epId": number,
            "devId": 5,
            "inClusterList": [],
            "outClusterList": [],
            "clusters": {},
            "binds": [],
            "configuredReportings": [],
            "meta": {},
        }
        for number, profile in {1: 260, 2: 257, 11: 260, 242: 41440}.items()
    }
    entry: dict[str, Any] = {
        "id": 1,
        "type": "Coordinator",
        "ieeeAddr": address,
        "nwkAddr": 0,
        "manufId": 0,
        "epList": [1, 2, 11, 242],
        "endpoints": endpoints,
        "interviewCompleted": layout == 2,
        "meta": {},
        "lastSeen": None,
    }
    if layout == 2:
        entry["interviewState"] = "SUCCESSFUL"
    return entry


_POWER = {1: "Mains (single phase)", 3: "Battery", 4: "DC Source"}


def _entry(number: int, node: Node, layout: int) -> dict[str, Any]:
    endpoints = {}
    for endpoint, descriptor in node.endpoints.items():
        clusters: dict[str, dict[str, Any]] = {
            CLUSTERS[cluster]: {"attributes": {}}
            for cluster in descriptor.inputs
            if cluster in CLUSTERS
        }
        if "genBasic" in clusters:
            clusters["genBasic"]["attributes"] = {"modelId": node.MODEL}
        endpoints[str(endpoint)] = {
            "profId": descriptor.profile,
            "epId": endpoint,
            "devId": descriptor.device_type,
            "inClusterList": list(descriptor.inputs),
            "outClusterList": list(descriptor.outputs),
            "clusters": clusters,
            "binds": [],
            "configuredReportings": [],
            "meta": {},
        }
    battery = node.SLEEPY
    entry: dict[str, Any] = {
        "id": number,
        # Zigbee2MQTT makes an end device of the lock S2, which claims to be a router.
        "type": "EndDevice" if battery and node.name != "lock" else "Router",
        "ieeeAddr": _address(node.ieee),
        "nwkAddr": node.nwk,
        "manufId": node.descriptor.manufacturer,
        "manufName": node.VENDOR or "LUMI",
        "powerSource": "Battery" if battery else _POWER[1 if node.name == "plug" else 4],
        "modelId": node.MODEL + ("\0" if layout == 1 and node.name == "lock" else ""),
        "epList": list(node.endpoints),
        "endpoints": endpoints,
        "appVersion": 22,
        "stackVersion": 2,
        "hwVersion": 18,
        "dateCode": "09-04-2018",
        "zclVersion": 1,
        "interviewCompleted": True,
        "meta": {"configured": 332242049},
        "lastSeen": SEEN,
    }
    if node.name == "knob":  # it fell asleep during its interview
        entry |= {"epList": [1], "endpoints": {"1": _stub()}, "swBuildId": "2019\0www."}
        if layout == 1:
            entry |= {"epList": [], "endpoints": {}}
    if layout == 2:
        entry["interviewState"] = "SUCCESSFUL"
        entry["checkinInterval"] = None
    return entry


def _stub() -> dict[str, Any]:
    return {
        "epId": 1,
        "inClusterList": [],
        "outClusterList": [],
        "clusters": {"genMultistateInput": {"attributes": {}}},
        "binds": [],
        "configuredReportings": [],
        "meta": {},
    }


def _strangers(layout: int, home: Home) -> list[dict[str, Any]]:
    """A device that never finished its interview, a Green Power switch, groups."""
    lost: dict[str, Any] = {
        "id": 20,
        "type": "Unknown",
        "ieeeAddr": "0x00158d0009999999",
        "nwkAddr": 0x4321,
        "powerSource": "Unknown",
        "epList": [],
        "endpoints": {},
        "interviewCompleted": False,
        "meta": {},
        "lastSeen": None,
    }
    green = {
        "id": 21,
        "type": "GreenPower",
        "ieeeAddr": "0x0000000001711bf9",
        "nwkAddr": 0x1BF9,
        "manufName": None,
        "powerSource": None,
        "modelId": "GreenPower_2",
        "epList": [],
        "endpoints": {},
        "interviewCompleted": True,
        "meta": {},
        "lastSeen": SEEN,
    }
    relay = home.device("relay")
    group = {
        "id": 22,
        "type": "Group",
        "groupID": 1,
        "members": [{"deviceIeeeAddr": _address(relay.ieee), "endpointID": 1}],
        "meta": {},
    }
    return [lost, group] if layout == 1 else [lost, green, group]


def _network(content: dict[str, Any], layout: int) -> dict[str, Any]:
    """`coordinator_backup.json` as zigbee-herdsman writes it."""
    source = {1: "zigbee-herdsman@0.19.0", 2: "zigbee-herdsman@6.2.0"}[layout]
    devices = []
    for device in content["devices"]:
        kept = {
            "nwk_address": device["nwk_address"],
            "ieee_address": device["ieee_address"],
            "is_child": device["is_child"],
        }
        if key := device.get("link_key"):
            kept["link_key"] = {
                "key": key["key"],
                "rx_counter": key["rx_counter"],
                "tx_counter": key["tx_counter"],
            }
        devices.append(kept)
    return {
        "metadata": {
            "format": "zigpy/open-coordinator-backup",
            "version": 1,
            "source": source,
            "internal": {"date": "2026-11-19T08:15:30.123Z", "znpVersion": 1},
        },
        "stack_specific": content["stack_specific"],
        "coordinator_ieee": content["coordinator_ieee"],
        "pan_id": content["pan_id"],
        "extended_pan_id": content["extended_pan_id"],
        "nwk_update_id": 0,
        "security_level": 5,
        "channel": content["channel"],
        "channel_mask": [content["channel"]],
        "network_key": {
            "key": content["network_key"]["key"],
            "sequence_number": 0,
            "frame_counter": 66781,
        },
        "devices": devices,
    }


def _configuration(home: Home, layout: int) -> dict[str, str]:
    devices = "\n".join(_device_options(node, layout) for node in home.devices)
    key = "\n".join(f"    - {octet}" for octet in KEY)
    extended = "\n".join(f"    - {octet}" for octet in range(1, 9))
    if layout == 1:
        return {
            "configuration.yaml": f"""\
homeassistant: true
permit_join: false
mqtt:
  base_topic: home/zigbee
  server: '!secret server'
  user: !secret mqtt_user
  password: !include password.txt
serial:
  port: /dev/ttyACM0
devices: devices.yaml
groups: groups.yaml
device_options:
  legacy: false
advanced:
  log_level: warn
  pan_id: 6699
  channel: 11
  last_seen: ISO_8601_local
  elapsed: true
  legacy_availability_payload: true
  network_key: '!secret network_key'
  ext_pan_id:
{extended}
""",
            "devices.yaml": devices + "\n",
        }
    indented = "\n".join(f"  {line}" for line in devices.splitlines())
    return {
        "configuration.yaml": f"""\
version: 4
mqtt:
  base_topic: zigbee2mqtt
  server: mqtt://localhost:1883
  include_device_information: false
serial:
  port: tcp://192.168.1.20:6638
  adapter: zstack
advanced:
  log_level: info
  channel: 11
  network_key:
{key}
  pan_id: 6699
  ext_pan_id:
{extended}
frontend:
  enabled: true
  port: 8080
homeassistant:
  enabled: true
availability:
  enabled: true
devices:
{indented}
groups:
  '1':
    friendly_name: Downstairs
"""
    }


def _device_options(node: Node, layout: int) -> str:
    lines = [f"'{_address(node.ieee)}':", f"  friendly_name: {NAMES[node.name]}"]
    if node.name == "plug":
        lines += [
            "  device_temperature_calibration: 1.5",
            "  power_precision: 1",
            "  retain: true",
            "  qos: 1",
            "  icon: device_icons/kettle.png",
        ]
    if node.name == "knob":
        lines += [
            "  debounce: 0.5",
            "  filtered_attributes:",
            "    - action_rotation_angle",
            "  availability:",
            "    timeout: 2000",
        ]
    if node.name == "lock":
        lines += ["  legacy: true"] if layout == 1 else ["  availability: false"]
    return "\n".join(lines)


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=1, sort_keys=True) + "\n"


async def main(newest_only: bool) -> None:
    """Make all files."""
    await make_zha()
    if not newest_only:
        await make_zigbee2mqtt()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:] == ["newest"]))
