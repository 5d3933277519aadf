"""Our models in ZHA alone: the facts of the table in README.md."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.aqara_zigbee.simulator.devices import MODELS
from custom_components.aqara_zigbee.simulator.home import Home
from tests.zha.test_guest import join_zha
from tests.zha.test_other_radio import home, zha_data  # noqa: F401 - fixtures

COMMON = {"button", "update"}
"""Identify and firmware, which ZHA shows of every device."""

SHOWN = {
    "lumi.lock.acn02": ["lock"],
    "lumi.lock.aq1": ["lock"],
    "lumi.remote.rkba01": [],
    "lumi.plug": ["sensor"] * 4 + ["switch"],
    "lumi.relay.c2acn01": ["light"] * 2 + ["sensor"] * 9,
}
"""The domains of the entities that ZHA makes and enables, but for the common ones."""


async def test_entities_of_zha(hass: HomeAssistant, home: Home, zha: MockConfigEntry) -> None:
    for model, domains in SHOWN.items():
        node = MODELS[model]()
        await join_zha(hass, home, node)
        await hass.async_block_till_done()
        device = dr.async_get(hass).async_get_device_by_identifier(("zha", node.ieee), zha.entry_id)
        assert device is not None
        found = er.async_entries_for_device(er.async_get(hass), device.id)
        assert sorted(e.domain for e in found if e.domain not in COMMON) == domains, model
