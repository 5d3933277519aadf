"""Modules imported by a start, and the time of it: ``python -m benchmarks.imports``.

Home Assistant starts an entry in its own process (`tests.loading`), with a simulated coordinator in this one,
behind a TCP port. The modules that Home Assistant preloads for any integration, such as the config flow and
the triggers, are counted apart.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator

from custom_components.aqara_zigbee.simulator.home import Home
from tests.imports import PACKAGE, needed, start_files
from tests.loading import in_a_process

NAME = "custom_components.aqara_zigbee"

STARTS = 3


async def measure() -> tuple[set[str], dict[str, int]]:
    """Start a few times.

    Returns:
        The files that were loaded, and the least microseconds that each import took by itself.
    """
    home = Home(seed=1, speed=20)
    home.form()
    port = await home.serve()
    files: set[str] = set()
    least: dict[str, int] = {}
    for _ in range(STARTS):
        found, log = await in_a_process(port, "-X", "importtime")
        files |= set(found.start)
        for name, micros in times(log.splitlines()):
            least[name] = min(micros, least.get(name, micros))
    await home.close()
    return files, least


def times(lines: Iterable[str]) -> Iterator[tuple[str, int]]:
    """The modules of a log of imports, and the microseconds of each, without what it imported."""
    for line in lines:
        head, _, rest = line.partition(":")
        if head == "import time" and rest.count("|") == 2 and "self" not in rest:
            own, _, name = rest.split("|")
            yield name.strip(), int(own)


def files_of(name: str) -> set[str]:
    """Return the possible files of a module, relative to the integration's folder."""
    path = "/".join(name.removeprefix(NAME).split(".")[1:])
    return {f"{path}.py", f"{path}/__init__.py".removeprefix("/")}


def main() -> None:
    """Print the figures."""
    files, micros = asyncio.run(measure())
    own = {str(path.relative_to(PACKAGE)) for path in needed(start_files())}
    for title, part in (
        ("the package and its platforms", files & own),
        ("what is preloaded", files - own),
    ):
        print(f"{len(part):4} modules for {title}")
        folders: dict[str, list[str]] = {}
        for file in sorted(part):
            folder, _, name = file.rpartition("/")
            folders.setdefault(folder, []).append(name.removesuffix(".py"))
        for folder, names in folders.items():
            print(f"{len(names):8} {folder or '.':16} {' '.join(names)}")
    print(f"{len(files):4} modules in all")
    packages: Counter[str] = Counter()
    for name, micro in micros.items():
        if not name.startswith(NAME):
            packages[name.partition(".")[0]] += micro
        elif not files.isdisjoint(files_of(name)):  # the log has what was imported later, too
            packages[NAME] += micro
    print(f"     import times, the least of {STARTS} starts, without what each imports of others:")
    for name in (NAME, "zigpy", "zigpy_znp", "serialx"):
        print(f"{packages[name] / 1000:8.1f} ms in {name}")


if __name__ == "__main__":
    main()
