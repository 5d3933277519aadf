"""A home without a radio."""

from collections.abc import Iterator

import pytest

from tests.core.network import Home


@pytest.fixture
def home() -> Iterator[Home]:
    """A gateway with a scripted radio and a hand-moved clock."""
    home = Home()
    yield home
    home.close()
