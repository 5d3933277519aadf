"""Every model is in all the places that docs/architecture.md lists."""

import pytest

from custom_components.aqara_zigbee.core.definition import Definition
from custom_components.aqara_zigbee.core.models import DEFINITIONS
from scripts.places import PLACES, Place
from tests.core.invented import cover
from tests.examples import FILES


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.path)
@pytest.mark.parametrize("definition", DEFINITIONS.distinct(), ids=lambda each: each.model)
def test_every_model_is_mentioned(definition: Definition, place: Place) -> None:
    file = FILES[definition.zigbee_model]
    how = f"run {place.script}" if place.script else "write"
    assert place.is_found(definition, file), f"{how}: {place.path} lacks {place.what}"


def test_a_missing_model_is_reported() -> None:
    """By every place but those that need not mention it by name."""
    found = {place.path for place in PLACES if place.is_found(cover(), "invented")}
    assert found == {place.path for place in PLACES if "{" not in place.mark}


def test_a_person_writes_eight_files() -> None:
    assert sum(place.script is None for place in PLACES) == 8
