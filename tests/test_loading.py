"""Modules imported by a start, none in the event loop; `tests.loading` starts an entry."""

from collections.abc import Iterable

from custom_components.aqara_zigbee.simulator.home import Home
from scripts.layout import LATER, PRELOADED
from tests.imports import PACKAGE, needed, start_files
from tests.loading import in_a_process


async def test_start_imports_what_it_needs_and_the_rest_later(socket_enabled: None) -> None:
    home = Home(seed=1, speed=20)
    home.form()
    found, _ = await in_a_process(await home.serve())
    await home.close()
    asked = (PACKAGE / f"{name}.py" for name in PRELOADED)
    expected = {str(path.relative_to(PACKAGE)) for path in needed([*start_files(), *asked])}
    assert set(found.start) == expected
    assert {reason for reason, files in LATER.items() if not _any_of(files, found.use)} == {
        "an entry with the virtual coordinator starts"
    }
    assert (found.blocking, found.warnings) == ([], [])


def _any_of(places: Iterable[str], files: Iterable[str]) -> bool:
    return any(f"{file}/".startswith(f"{place}/") for place in places for file in files)
