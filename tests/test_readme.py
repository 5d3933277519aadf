"""Every link of the README resolves, and every blueprint can be imported from it."""

from pathlib import Path
import re
from urllib.parse import parse_qs, urlsplit

import pytest

from custom_components.aqara_zigbee.const import DOMAIN

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
MY = {
    urlsplit(link).path.split("/")[2]: parse_qs(urlsplit(link).query)
    for link in re.findall(r"https://my\.home-assistant\.io/redirect/\S+", README)
}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_linked_files_exist(page: Path) -> None:
    text = page.read_text()
    linked = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text) + re.findall(r'src="([^"]+)"', text)
    for target in linked:
        assert "://" in target or (page.parent / target).exists(), target


def test_links_that_are_named_are_defined_and_used() -> None:
    defined = set(re.findall(r"^\[([a-z-]+)\]: ", README, re.MULTILINE))
    assert defined == set(re.findall(r"\]\[([a-z-]+)\]", README))


def test_integration_can_be_added_from_the_readme() -> None:
    assert MY["config_flow_start"] == {"domain": [DOMAIN]}
    assert MY["hacs_repository"]["category"] == ["integration"]


def test_every_blueprint_can_be_imported_from_the_readme() -> None:
    urls = re.findall(r"blueprint_url=(\S+)", README)
    linked = {parse_qs(f"url={url}")["url"][0].split("/blob/main/")[1] for url in urls}
    files = (ROOT / "custom_components" / DOMAIN / "blueprints").rglob("*.yaml")
    assert linked == {str(path.relative_to(ROOT)) for path in files}
