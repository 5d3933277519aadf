"""Data for a second view: permitted joins, believed values, availability."""

from datetime import timedelta
from typing import override

import pytest

from custom_components.aqara_zigbee.core import zcl
from custom_components.aqara_zigbee.core.errors import DeliveryError
from custom_components.aqara_zigbee.core.events import (
    NetworkChange,
    PermitChanged,
    RadioFound,
    Update,
)
from custom_components.aqara_zigbee.core.radio import Ieee
from tests.core.network import IEEE, Home, ScriptedRadio, node


class OpenRadio(ScriptedRadio):
    """A radio that lets devices join, unless it refuses."""

    def __init__(self) -> None:
        super().__init__()
        self.permits: list[tuple[int, Ieee | None]] = []
        self.refuses = False

    @override
    async def permit(self, seconds: int, via: Ieee | None = None) -> None:
        if self.refuses:
            raise DeliveryError("refused")
        self.permits.append((seconds, via))


@pytest.fixture
def radio(home: Home) -> OpenRadio:
    radio = OpenRadio()
    home.gateway.radio = radio
    return radio


async def test_permitted_and_ended_joins_are_reported(home: Home, radio: OpenRadio) -> None:
    told: list[object] = []

    def changed(change: NetworkChange) -> None:
        assert change == PermitChanged()
        told.append(home.gateway.open_until)

    forget = home.gateway.subscribe_network(changed)
    await home.gateway.permit(60, home.now, IEEE)
    await home.gateway.permit(0, home.now)
    forget()
    await home.gateway.permit(5, home.now)
    assert told == [home.now + timedelta(seconds=60), None]
    assert radio.permits == [(60, IEEE), (0, None), (5, None)]


async def test_ending_joins_that_were_not_permitted(home: Home, radio: OpenRadio) -> None:
    radio.refuses = True
    with pytest.raises(DeliveryError):
        await home.gateway.permit(60, home.now)
    assert home.gateway.open_until is None


def test_a_connected_radio_is_reported(home: Home) -> None:
    found: list[bool] = []

    def changed(change: NetworkChange) -> None:
        if isinstance(change, RadioFound):
            found.append(home.gateway.online)

    forget = home.gateway.subscribe_network(changed)
    home.gateway.lost("pulled")
    home.gateway.found(home.now)
    forget()
    home.gateway.lost("pulled")
    home.gateway.found(home.now)
    assert found == [True]


async def test_configuring_a_device_again(home: Home) -> None:
    knob = home.gateway.known(node("lumi.remote.rkba01"), home.now)
    await home.gateway.configure(knob)
    assert isinstance(home.radio.sent[0], zcl.WriteAttributes)
    assert isinstance(home.radio.sent[1], zcl.ReadAttributes)
    home.radio.fall_silent()
    with pytest.raises(DeliveryError):
        await home.gateway.configure(knob)
    stranger = home.gateway.known(node("other", "00:15:8d:00:01:a1:b2:c5"), home.now)
    await home.gateway.configure(stranger)


async def test_believed_values_are_marked(home: Home) -> None:
    plug = home.gateway.known(node("lumi.plug"), home.now)
    received: list[Update] = []
    plug.subscribe(received.append)
    await plug.set("state", wish=True)
    home.receive("187a0a00001001", cluster=6)
    assert [update.believed for update in received if update.state] == [True, False]


async def test_options_are_removed(home: Home) -> None:
    plug = home.gateway.known(node("lumi.plug"), home.now)
    await plug.configure({"power_precision": 0, "retain": True})
    await plug.configure({"power_precision": None})
    assert plug.options == {"retain": True}
    assert plug.option("power_precision") == 2
