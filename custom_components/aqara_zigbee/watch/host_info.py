"""Data of machine and process for MQTT."""

from collections.abc import Mapping
import os
import platform
import resource
import time
from typing import Any

_STARTED = time.monotonic()
_MB = 1024 * 1024


def read() -> Mapping[str, Any]:
    """Return the data of `mirror.ports.MirrorHost.vitals`. It reads no files and does not block."""
    machine = os.uname()
    page = os.sysconf("SC_PAGE_SIZE")
    total = os.sysconf("SC_PHYS_PAGES") * page / _MB
    used = total - os.sysconf("SC_AVPHYS_PAGES") * page / _MB
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "os": {
            "version": f"{machine.sysname} - {machine.release} - {machine.machine}",
            "node_version": f"Python {platform.python_version()}",
            "cpus": f"{machine.machine} (x{os.cpu_count()})",
            "memory_mb": round(total),
        },
        "os_health": {
            "load_average": [round(load, 2) for load in os.getloadavg()],
            "memory_used_mb": round(used, 2),
            "memory_percent": round(used / total * 100, 4),
        },
        "process_health": {
            "uptime_sec": round(time.monotonic() - _STARTED),
            "memory_used_mb": round(own, 2),
            "memory_percent": round(own / total * 100, 4),
        },
    }
