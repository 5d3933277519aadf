"""The bounds of everything that is kept: with values of all kinds, for every option of every model."""

import json
from typing import Any

from hypothesis import given, settings, strategies as st
import orjson
import pytest

from custom_components.aqara_zigbee.core import limits
from custom_components.aqara_zigbee.core.device_settings import AVAILABILITY, SETTINGS as OWNED
from custom_components.aqara_zigbee.core.errors import ConversionError, short
from custom_components.aqara_zigbee.core.models import DEFINITIONS
from tests.awkward import ODD, UNKEEPABLE
from tests.core.network import IEEE, Home, node

SETTINGS = (*sorted(OWNED), "description", "throttle", "anything")


@pytest.mark.parametrize("value", UNKEEPABLE, ids=lambda value: repr(value)[:30])
def test_refused(value: Any) -> None:
    assert limits.problem_with(value)
    with pytest.raises(limits.LimitError) as caught:
        limits.check("throttle", value)
    assert str(caught.value).startswith(short(value))
    assert "throttle" in str(caught.value)
    assert len(str(caught.value).encode()) < 400, "a message about it can be sent"


@pytest.mark.parametrize("value", ODD, ids=repr)
def test_kept(value: Any) -> None:
    limits.check("throttle", value)
    assert json.loads(orjson.dumps(value)) == value


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()), inner),
)


@given(_JSON)
@settings(max_examples=300, deadline=None)
def test_valid_values_can_be_written(value: Any) -> None:
    """Home Assistant's own writer is the judge."""
    if limits.problem_with(value) is None:
        assert orjson.loads(orjson.dumps(value)) == value


@pytest.mark.parametrize("model", DEFINITIONS)
@pytest.mark.parametrize("value", [*UNKEEPABLE, *ODD], ids=lambda value: repr(value)[:30])
async def test_every_option_with_every_value(model: str, value: Any) -> None:
    """Each is taken or refused; what is taken can be written and is read back as it was."""
    home = Home()
    device = home.gateway.known(node(model), home.now)
    names = [*SETTINGS, *(option.name for option in DEFINITIONS[model].options)]
    for name in names:
        before = dict(device.options)
        try:
            await device.configure({name: value})
        except ConversionError:
            assert device.options == before
    written = orjson.loads(orjson.dumps(home.gateway.as_dict()))
    restarted = Home(written).gateway.known(node(model), home.now)
    assert restarted.options == device.options
    assert restarted.silence is None or restarted.silence.total_seconds() >= 0
    if any(value is each for each in UNKEEPABLE):
        assert device.options == {}
    home.close()


@pytest.mark.parametrize("value", UNKEEPABLE, ids=lambda value: repr(value)[:30])
async def test_options_that_are_set_like_properties(value: Any) -> None:
    home = Home()
    device = home.gateway.known(node("lumi.plug"), home.now)
    for name in ("power_calibration", "temperature_precision"):
        assert name in await device.set_all({name: value})
    assert device.options == {}


async def test_one_refused_option_changes_none() -> None:
    home = Home()
    device = home.gateway.known(node("lumi.plug"), home.now)
    with pytest.raises(ConversionError):
        await device.configure({AVAILABILITY: 30, "description": "\ud800"})
    assert device.options == {}
    assert home.gateway[IEEE].silence == DEFINITIONS["lumi.plug"].feed.silence
