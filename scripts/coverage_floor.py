"""Refuse a module whose tests run less than 95 % of it; an average would hide it."""

import json
from pathlib import Path
import sys

FLOOR = 95.0


def main(report: str) -> int:
    """Print the modules below the floor."""
    files = json.loads(Path(report).read_text())["files"]
    below = {
        name: data["summary"]["percent_covered"]
        for name, data in files.items()
        if data["summary"]["percent_covered"] < FLOOR
    }
    for name, percent in sorted(below.items()):
        print(f"{name}: {percent:.1f} % is too little", file=sys.stderr)
    return bool(below)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
