"""The same on a coordinator that is not TI's: ZHA's network is all that we see of it."""

from collections.abc import AsyncGenerator

from homeassistant.const import STATE_ON
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.simulator.devices import LockS2, Plug
from custom_components.aqara_zigbee.simulator.home import Home
from tests.e2e.broker import Client
from tests.e2e.conftest import (  # noqa: F401 - fixtures
    broker,
    listener,
    mqtt_entry,
    mqtt_up,
    switch_on,
)
from tests.ha.conftest import state, until
from tests.zha.other_radio import CHANNEL, IEEE, OtherApplication

# These run here once more, with the fixtures below.
from tests.zha.test_default_responses import test_each_report_gets_one  # noqa: F401
from tests.zha.test_guest import (  # noqa: F401
    join_both,
    test_frame_that_a_router_repeats_for_its_child,
    test_guest_starts_with_paired_devices,
    test_leaving_restores_zha,
    test_plug_works_here_and_in_zha,
    test_reinterview_and_functions_of_zha_only,
    test_removed_in_zha,
    test_zha_reload,
)
from tests.zha.test_life_cycle import (  # noqa: F401
    test_lock_that_fell_asleep_during_its_interview,
    test_new_network_address_and_leaving,
)


@pytest.fixture
async def home() -> AsyncGenerator[Home]:
    """A virtual home without TI's coordinator."""
    async with Home(seed=1, speed=20) as home:
        yield home


@pytest.fixture
def zha_data(home: Home, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """ZHA's config entry for the other radio, in place of deCONZ's."""
    radio = type("HomeApplication", (OtherApplication,), {"home": home})
    monkeypatch.setattr("zha.application.const.RadioType.deconz._ctrl_cls", radio)
    path = {"path": "socket://127.0.0.1:1", "baudrate": 115200, "flow_control": None}
    return {"device": path, "radio_type": "deconz"}


async def test_mirror_has_zhas_radio_type(
    hass: HomeAssistant,
    mqtt_up: MockConfigEntry,
    listener: Client,
    guest_entry: MockConfigEntry,
) -> None:
    """In `bridge/info`, and of the coordinator in `bridge/devices`."""
    switch_on(hass, guest_entry)
    assert await hass.config_entries.async_setup(guest_entry.entry_id)
    info = (await listener.receive("bridge/info")).content
    assert info["coordinator"]["type"] == "ConBee2/RaspBee2"
    assert info["coordinator"]["ieee_address"] == "0x" + IEEE.replace(":", "")
    assert info["network"]["channel"] == CHANNEL
    await hass.config_entries.async_unload(guest_entry.entry_id)


async def test_radio_that_names_senders_by_ieee_address(
    hass: HomeAssistant, home: Home, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the first ConBee does."""
    monkeypatch.setattr(OtherApplication, "tells_ieee", True)
    plug, lock = Plug(), LockS2()
    device, other = [await join_both(hass, home, gateway, node) for node in (plug, lock)]
    plug.press()
    await until(lambda: state(hass, device, "state").state == STATE_ON, 30)
    lock.lock()
    await until(lambda: state(hass, other, "activity").attributes["event_type"] == "locked", 30)
