"""The home: names, state as data, days."""

import asyncio
import json

import pytest

from custom_components.aqara_zigbee.simulator import (
    MODELS,
    Home,
    Knob,
    Life,
    Lock,
    LockS2,
    Plug,
    Relay,
    Thermometer,
)
from custom_components.aqara_zigbee.simulator.life import event_mode, plan

from .host import hosting


def full_home(seed: int = 1) -> Home:
    """Return a home with one device of each kind, in a network."""
    home = Home(seed=seed, speed=0)
    home.form()
    for node in (Plug(old=True), Relay(version=47), LockS2(encrypted=True), Lock(), Knob()):
        home.add(node, joined=True)
    home.add(Thermometer())
    return home


def test_the_same_seed_makes_the_same_home() -> None:
    one, same, other = full_home(), full_home(), full_home(2)
    assert one.snapshot() == same.snapshot()
    assert one.ieee != other.ieee
    assert len({node.ieee for node in one.devices}) == len(one.devices)


def test_names(home: Home) -> None:
    first, second = home.add(Plug()), home.add(Plug())
    third = home.add(Plug(name="kettle", ieee="00:15:8d:00:01:02:03:04"))
    assert [node.name for node in home.devices] == ["plug", "plug-2", "kettle"]
    assert home.device("plug-2") is second
    assert home.device("00:15:8d:00:01:02:03:04") is third
    home.remove(first)
    assert home.devices == [second, third]
    with pytest.raises(KeyError):
        home.device("plug")
    with pytest.raises(ValueError, match="already"):
        home.add(Plug(ieee=third.ieee))
    with pytest.raises(ValueError, match="not an IEEE address"):
        home.add(Plug(ieee="00:11"), joined=True)


def test_a_member_needs_a_network() -> None:
    home = Home()
    with pytest.raises(RuntimeError, match="no network"):
        home.add(Plug(), joined=True)


def test_snapshot_is_json_and_can_be_restored() -> None:
    home = full_home()
    plug, relay, lock, _, knob, thermometer = home.devices
    assert isinstance(plug, Plug)
    assert isinstance(relay, Relay)
    assert isinstance(lock, LockS2)
    assert isinstance(knob, Knob)
    assert isinstance(thermometer, Thermometer)
    plug.set_load(1000)
    plug.press()
    home.clock.advance(3600)
    relay.interlock, relay.memory = True, True
    plug.memory_pending = True
    relay.groups.add((2, 0x1234))
    lock.happen(0x02, 0x15)
    knob.mode = 1
    home.network.move(knob, relay)
    text = json.dumps(home.snapshot())
    again = Home.restored(json.loads(text), speed=0)
    assert json.loads(json.dumps(again.snapshot())) == json.loads(text)
    assert again.clock.now() == home.clock.now()
    assert again.ieee == home.ieee
    assert again.records.network == home.records.network
    back = again.device("plug")
    assert isinstance(back, Plug)
    assert (back.on, back.old, back.memory_pending) == ([True], True, True)
    assert back.energy == pytest.approx(1.0)
    knob_again, relay_again = again.device("knob"), again.device("relay")
    assert knob_again.parent is relay_again
    assert (2, 0x1234) in relay_again.groups
    assert not again.device("thermometer").joined
    again.clock.advance(3600)
    assert back.energy == pytest.approx(2.0)


def test_bad_snapshots() -> None:
    with pytest.raises(ValueError, match="version"):
        Home.restored({"version": 99})
    data = full_home().snapshot()
    data["devices"][0]["model"] = "lumi.nonsense"
    with pytest.raises(ValueError, match="no such model"):
        Home.restored(data)


async def test_a_home_survives_a_restart_of_its_host() -> None:
    async with Home(seed=1, speed=5) as home:
        home.form()
        home.add(Plug(), joined=True)
        async with hosting(home.plug_in("home")) as host:
            key = host.app.state.network_info.network_key.key
            counter = host.app.state.network_info.network_key.tx_counter
        saved = json.loads(json.dumps(home.snapshot()))
    async with Home.restored(saved, speed=5) as home:
        plug = home.device("plug")
        assert isinstance(plug, Plug)
        async with hosting(home.plug_in("home")) as host:
            assert host.app.state.network_info.network_key.key == key
            assert host.app.state.network_info.network_key.tx_counter > counter
            plug.press()
            await host.sees("initialized", plug)


async def test_nothing_is_left_behind() -> None:
    before = asyncio.all_tasks()
    home = full_home()
    home.clock.speed = 1
    home.plug_in("x")
    life = Life(home)
    life.start()
    await asyncio.sleep(0)
    await home.close()
    assert asyncio.all_tasks() == before
    loop = asyncio.get_running_loop()
    assert not [each for each in loop._scheduled if not each.cancelled()]  # type: ignore[attr-defined]
    await home.close()


# -- Days ----------------------------------------------------------------------------------------


def test_days_are_the_same_for_a_seed() -> None:
    one, same = full_home(), full_home()
    assert plan(one, 0, 7) == plan(same, 0, 7)
    assert plan(one, 0, 7) != plan(one, 1, 7)
    assert plan(one, 0, 7) != plan(one, 0, 8)
    assert {event.device for event in plan(one, 0, 7)} == {
        "plug", "relay", "locks2", "lock", "knob",
    }  # fmt: skip


def test_a_day_in_the_home() -> None:
    home = full_home()
    home.coordinator.commission()
    home.clock.advance(1)
    event_mode(home)
    plug, relay, lock = home.device("plug"), home.device("relay"), home.device("locks2")
    assert isinstance(plug, Plug)
    assert isinstance(relay, Relay)
    assert isinstance(lock, LockS2)
    life = Life(home, factor=60, seed=3)
    life.start()
    home.clock.advance(86400 / 60)
    assert 0.5 < plug.energy < 3
    assert len(relay.movements) >= 4
    assert relay.energy > 0
    assert lock.event != 0x01 or lock.bolt
    life.stop()
    before = plug.energy
    plug.press()
    assert plug.on == [False]
    home.clock.advance(86400)
    assert plug.energy == before


@pytest.mark.parametrize("channel", [1, 2])
def test_a_day_starts_with_the_lights_off(channel: int) -> None:
    """The wall switches toggle, so that a light that is on would stay on all day and be off at night."""
    home = full_home()
    home.coordinator.commission()
    home.clock.advance(1)
    relay = home.device("relay")
    assert isinstance(relay, Relay)
    relay.press(channel)
    Life(home, factor=60).start()
    assert relay.on == [False, False]


def test_removed_devices_are_skipped() -> None:
    home = full_home()
    home.coordinator.commission()
    home.clock.advance(1)
    life = Life(home, factor=600)
    life.start()
    home.remove(home.device("plug"))
    home.device("relay").power_off()
    home.clock.advance(400)
    with pytest.raises(ValueError, match="pass"):
        Life(home, factor=0)


@pytest.mark.parametrize("kind", MODELS.values())
def test_every_kind_can_be_created_from_its_options(kind: type[Plug]) -> None:
    node = kind()
    assert type(node)(**node.options()).options() == node.options()
