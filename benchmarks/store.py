"""The cost of writing states to disk: ``python -m benchmarks.store [FOLDER]``.

The folder should be on the disk in question. It compares a commit of one device's row with writing one
JSON file of all devices, as earlier versions did. Figures are printed and not judged.
"""

from collections.abc import Callable
import json
import os
from pathlib import Path
import sys
import tempfile
import time

from custom_components.aqara_zigbee.storage.files import Database

_DEVICES = 50
_ROUNDS = 200

_STATE = {
    "state": {"state": False, "reverse": True, "battery": 97, "voltage": 6120, "linkquality": 88},
    "pending": {},
    "options": {"users": {str(number): f"User {number}" for number in range(10)}},
    "about": {"application_version": 7, "date_code": "10-23-2018"},
    "firmware": None,
    "last_seen": "2026-11-20T12:00:00+00:00",
}


def _measure(name: str, write: Callable[[int], None]) -> None:
    times = []
    for number in range(_ROUNDS):
        start = time.perf_counter()
        write(number)
        times.append((time.perf_counter() - start) * 1000)
    times.sort()
    print(f"{name:<28} {times[_ROUNDS // 2]:8.2f} ms median {times[-_ROUNDS // 20]:8.2f} ms 95 %")


def main(folder: Path) -> None:
    """Print the figures of one disk."""
    database = Database(folder / "states.db")
    database.write({f"device {number}": json.dumps(_STATE) for number in range(_DEVICES)})

    def one_row(number: int) -> None:
        state = {**_STATE, "last_seen": number}
        database.write({f"device {number % _DEVICES}": json.dumps(state)})

    def all_rows(number: int) -> None:
        state = {**_STATE, "last_seen": number}
        database.write({f"device {device}": json.dumps(state) for device in range(_DEVICES)})

    def one_file(number: int) -> None:
        state = {**_STATE, "last_seen": number}
        new = folder / "states.json.new"
        with new.open("w") as file:
            json.dump({f"device {device}": state for device in range(_DEVICES)}, file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(folder / "states.json")

    _measure("one device, one row", one_row)
    _measure(f"{_DEVICES} devices, one commit", all_rows)
    _measure(f"{_DEVICES} devices, one JSON file", one_file)
    database.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as temporary:
        main(Path(temporary))
