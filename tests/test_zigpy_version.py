"""Versions of zigpy and ZHA, whatever is installed."""

from importlib.metadata import PackageNotFoundError
from unittest.mock import patch

import pytest

from custom_components.aqara_zigbee.watch import zigpy_version
from custom_components.aqara_zigbee.watch.zigpy_version import (
    KNOWN,
    installed_for_zha,
    is_newer_than_known,
)


@pytest.mark.parametrize(
    ("version", "is_newer"),
    [("2.4.99", False), ("2.10.0", True), ("3.0.0rc1", True), ("1.99", False), ("unknown", False)],
)
def test_newer_than_known(version: str, is_newer: bool) -> None:
    """By number and not by letter, and never for what is no version."""
    assert max(KNOWN) == (2, 4)
    assert is_newer_than_known(version) is is_newer


def test_libraries_of_zha_that_are_there() -> None:
    """Not all radio libraries come with every ZHA."""

    def version(name: str) -> str:
        if name in ("zha", "bellows"):
            return "1.0"
        raise PackageNotFoundError(name)

    with patch.object(zigpy_version, "version", version):
        assert installed_for_zha() == {"zha": "1.0", "bellows": "1.0"}
