"""Devices: what frames change, what wishes send, what waits and what is remembered."""

import json

import pytest

from custom_components.aqara_zigbee.core import zcl
from custom_components.aqara_zigbee.core.device import Device
from custom_components.aqara_zigbee.core.errors import (
    ConversionError,
    DeliveryError,
    RefusedError,
    UnknownProperty,
)
from custom_components.aqara_zigbee.core.events import Update
from custom_components.aqara_zigbee.core.property import TOGGLE
from custom_components.aqara_zigbee.core.zcl import Cluster
from tests.core.network import Home, node

ON = "187a0a00001001"
OFF = "187b0a00001000"


@pytest.fixture
def plug(home: Home) -> Device:
    return home.gateway.known(node("lumi.plug"), home.now)


@pytest.fixture
def relay(home: Home) -> Device:
    return home.gateway.known(node("lumi.relay.c2acn01"), home.now)


def updates(device: Device) -> list[Update]:
    received: list[Update] = []
    device.subscribe(received.append)
    return received


def test_frame_changes_state_with_one_update(home: Home, plug: Device) -> None:
    received = updates(plug)
    home.receive(ON, cluster=6)
    assert plug.state == {"state": True, "linkquality": 88}
    assert [update for update in received if update.state] == [
        Update({"state": True, "linkquality": 88}, received=True)
    ]
    assert plug.last_seen == home.now
    assert plug.available


@pytest.mark.parametrize("absent", ["silent", "lost", "left", "never heard"])
def test_device_is_available_before_its_frames_update(
    home: Home, plug: Device, absent: str
) -> None:
    """Two updates: the first has only the availability."""
    if absent != "never heard":
        home.receive(OFF, cluster=6)
    plug.set_available(available=False)
    if absent == "lost":
        home.gateway.lost("pulled")
    elif absent == "left":
        home.gateway.left(plug.ieee)
    received: list[tuple[bool, object]] = []
    members: list[bool] = []
    home.gateway.subscribe(lambda event, device: members.append(bool(received[-1:])))
    plug.subscribe(lambda update: received.append((plug.available, plug.state.get("state"))))
    before = plug.state.get("state")
    home.receive(ON, cluster=6)
    assert received == [(True, before), (True, True)]
    assert members == [True]


def test_frame_without_values_updates_link_quality_only(home: Home, plug: Device) -> None:
    received = updates(plug)
    home.receive("18850a00001801", cluster=0x0406)
    assert [update.state for update in received] == [{}, {"linkquality": 88}]
    assert plug.strangers


def test_one_failing_observer_does_not_affect_the_other(home: Home, plug: Device) -> None:
    def fail(update: Update) -> None:
        raise RuntimeError

    plug.subscribe(fail)
    received = updates(plug)
    home.receive(ON, cluster=6)
    assert received[-1].state["state"] is True


def test_unsubscribed_observer_is_not_called(home: Home, plug: Device) -> None:
    received: list[Update] = []
    plug.subscribe(received.append)()
    home.receive(ON, cluster=6)
    assert not received


async def test_wish_is_sent_and_believed(home: Home, plug: Device) -> None:
    await plug.set("state", wish=True)
    assert home.radio.sent == [zcl.Command(1, 6, 1)]
    assert plug.state["state"] is True
    assert home.kept == 0


async def test_wish_that_fails_changes_nothing(home: Home, plug: Device) -> None:
    home.receive(OFF, cluster=6)
    received = updates(plug)
    home.radio.fall_silent()
    with pytest.raises(DeliveryError):
        await plug.set("state", wish=True)
    assert plug.state["state"] is False
    assert not received


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("state", "maybe", ConversionError),
        ("state", 1, ConversionError),
        ("power", 5, UnknownProperty),
        ("nothing", 5, UnknownProperty),
        ("power_outage_memory", "false", ConversionError),
        ("power_outage_memory", TOGGLE, ConversionError),
        ("device_temperature_precision", 9, ConversionError),
        ("device_temperature_precision", TOGGLE, ConversionError),
        ("device_temperature_calibration", float("nan"), ConversionError),
    ],
)
async def test_wrong_wish_sends_nothing(
    home: Home, plug: Device, name: str, value: object, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await plug.set(name, value)  # type: ignore[arg-type]
    assert home.radio.sent == []


async def test_toggle_is_believed_only_when_the_old_state_is_known(
    home: Home, plug: Device
) -> None:
    await plug.set("state", TOGGLE)
    assert home.radio.sent == [zcl.Command(1, 6, 2, repeatable=False)]
    assert "state" not in plug.state
    home.receive(ON, cluster=6)
    await plug.set("state", TOGGLE)
    assert plug.state["state"] is False


async def test_one_failure_does_not_stop_the_others(home: Home, plug: Device) -> None:
    received = updates(plug)
    failed = await plug.set_all({"nothing": 1, "state": True})
    assert set(failed) == {"nothing"}
    assert [update.state for update in received] == [{"state": True, "change_cause": "network"}]


async def test_outage_memory_takes_two_writes_and_is_kept(home: Home, plug: Device) -> None:
    await plug.set("power_outage_memory", wish=True)
    records = [
        request.records[0].value
        for request in home.radio.sent
        if isinstance(request, zcl.WriteAttributes)
    ]
    assert records == [bytes.fromhex("aa8005d14707011001"), bytes.fromhex("aa8003d3070801")]
    assert plug.state["power_outage_memory"] is True
    assert home.kept == 1


async def test_outage_memory_fails_when_the_second_write_does(home: Home, plug: Device) -> None:
    def second_fails(request: zcl.Request) -> None:
        if len(home.radio.sent) == 2:
            raise RefusedError("refused", 0x88)

    home.radio.answer = second_fails
    with pytest.raises(DeliveryError):
        await plug.set("power_outage_memory", wish=True)
    assert "power_outage_memory" not in plug.state
    assert home.kept == 0


async def test_interlock_is_read_back(home: Home, relay: Device) -> None:
    """The relay reports the accepted value; a wish alone proves nothing."""

    def stays_off(request: zcl.Request) -> zcl.Report | None:
        if isinstance(request, zcl.ReadAttributes):
            return zcl.Report(1, 0x10, (zcl.Record(0xFF06, 0x10, 0),))
        return None

    home.radio.answer = stays_off
    await relay.set("interlock", wish=True)
    assert [type(request) for request in home.radio.sent] == [
        zcl.WriteAttributes,
        zcl.ReadAttributes,
    ]
    assert relay.state["interlock"] is False


async def test_interlock_refuses_both_channels_at_once(home: Home, relay: Device) -> None:
    """Neither is switched, and what else was wished is done; one alone is switched."""
    relay.state["interlock"] = True
    both = {"state_l1": True, "state_l2": True, "power_outage_memory": True}
    failed = await relay.set_all(both)
    assert set(failed) == {"state_l1", "state_l2"}
    reason = "state_l1 and state_l2 cannot be on together while interlock is on"
    assert {str(error) for error in failed.values()} == {reason}
    assert home.radio.sent
    assert Cluster.ON_OFF not in {request.cluster for request in home.radio.sent}
    assert await relay.set_all({"state_l1": True, "state_l2": False}) == {}
    relay.state["interlock"] = False
    assert await relay.set_all({"state_l1": True, "state_l2": True}) == {}


async def test_reading(home: Home, relay: Device) -> None:
    home.radio.answer = lambda request: zcl.Report(2, 6, (zcl.Record(0, 0x10, 1),))
    await relay.get(["state_l2"])
    assert home.radio.sent == [zcl.ReadAttributes(2, 6, (0,))]
    assert relay.state == {"state_l2": True}
    for name in ("energy", "nothing", "power_outage_memory"):
        with pytest.raises(UnknownProperty):
            await relay.get([name])


async def test_unreported_properties_are_updated_by_a_read(home: Home, plug: Device) -> None:
    await plug.set("power_outage_memory", wish=False)
    received = updates(plug)
    home.radio.sent.clear()
    await plug.get(["power_outage_memory"])
    assert home.radio.sent == []
    assert received == [Update({"power_outage_memory": False})]


async def test_options_act_on_the_next_report(home: Home, plug: Device) -> None:
    temperature = "1c5f11810a01ff420303281e"
    home.receive(temperature, cluster=0)
    assert plug.state["device_temperature"] == 30
    await plug.set("device_temperature_calibration", -2)
    assert plug.state["device_temperature"] == 30
    assert home.kept == 1
    home.receive(temperature, cluster=0)
    assert plug.state["device_temperature"] == 28
    assert plug.option("device_temperature_calibration") == -2
    assert plug.option("power_precision") == 2
    with pytest.raises(UnknownProperty):
        plug.option("nothing")


def test_percentage_calibration(home: Home, plug: Device) -> None:
    """Power, energy, voltage and current are corrected by a share of the reading (protocol 0.5)."""
    plug.options["power_calibration"] = 10
    plug.options["power_precision"] = 0
    home.receive("187c0a550039b4721242", cluster=0x0C, endpoint=2)
    assert plug.state["power"] == 40


def test_basic_info_is_stored(home: Home, plug: Device) -> None:
    home.receive("18010a" + "0100" + "2016" + "0600" + "420a" + "30322d32382d32303137", cluster=0)
    home.receive("18010a" + "0040" + "420a" + "32303139007777772e00", cluster=0)
    home.receive("18010a" + "0600" + "2016", cluster=0)
    assert plug.about.application_version == 0x16
    assert plug.about.date_code == "02-28-2017"
    assert plug.about.software_build_id == "2019"


def test_stored_data_is_json_and_is_restored(home: Home, plug: Device) -> None:
    home.receive(ON, cluster=6)
    plug.options["power_calibration"] = 5
    memory = json.loads(json.dumps(home.gateway.as_dict()))
    again = Home(memory)
    revived = again.gateway.known(node("lumi.plug"), again.later(minutes=5))
    assert revived.state == plug.state
    assert revived.options == plug.options
    assert revived.last_seen == plug.last_seen
    assert revived.available


def test_stored_values_without_a_row_are_dropped() -> None:
    stored = {"state": {"state": True, "long_gone": 1}}
    home = Home({"devices": {node("lumi.plug").ieee: stored}})
    assert home.gateway.known(node("lumi.plug"), home.now).state == {"state": True}


def test_unknown_model_has_only_link_quality(home: Home) -> None:
    stranger = home.gateway.known(node("lumi.plug.mmeu01"), home.now)
    home.receive(ON, cluster=6)
    assert stranger.definition is None
    assert stranger.state == {}
    assert len(stranger.frames) == 1
    assert stranger.available


async def test_unknown_model_accepts_no_wish(home: Home) -> None:
    stranger = home.gateway.known(node("other"), home.now)
    with pytest.raises(UnknownProperty):
        await stranger.set("state", wish=True)
    with pytest.raises(UnknownProperty):
        await stranger.get(["state"])
    with pytest.raises(UnknownProperty):
        stranger.option("power_precision")


def test_model_identifier_ends_at_nul(home: Home) -> None:
    assert home.gateway.known(node("lumi.plug\0junk"), home.now).definition is not None
