"""The unique id of an entry, where networks can have one extended PAN id."""

from typing import Any

from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.aqara_zigbee.const import DOMAIN
from custom_components.aqara_zigbee.flows.network_id import unique_id_of
from custom_components.aqara_zigbee.radio.backup import Backup
from custom_components.aqara_zigbee.storage.network import KnownNetwork
from tests.radio.test_backup import theirs

OTHER_STICK = "00124b0099999999"


def network(**changes: Any) -> Backup:
    """One of an old Zigbee2MQTT, whose extended PAN id all of those had."""
    return Backup.of({**theirs(), "extended_pan_id": "dd" * 8, **changes})


PLAIN = f"epid={network().extended_pan_id}"


async def configured(
    hass: HomeAssistant, unique_id: str, known: Backup | None = None
) -> MockConfigEntry:
    """An entry, and the network it ran with last."""
    entry = MockConfigEntry(domain=DOMAIN, unique_id=unique_id)
    entry.add_to_hass(hass)
    if known is not None:
        await KnownNetwork(hass, entry).remember(known.identity)
    return entry


async def test_first_network_of_an_extended_pan_id(hass: HomeAssistant) -> None:
    await configured(hass, "virtual://home")
    await configured(
        hass, "epid=00:11:22:33:44:55:66:77", network(extended_pan_id="7766554433221100")
    )
    assert await unique_id_of(hass, network()) == PLAIN


async def test_network_of_an_entry_that_never_ran(hass: HomeAssistant) -> None:
    """Its name is all that is known of it."""
    await configured(hass, PLAIN)
    assert await unique_id_of(hass, network()) == PLAIN


async def test_same_network_on_another_channel(hass: HomeAssistant) -> None:
    await configured(hass, PLAIN, network(coordinator_ieee=OTHER_STICK))
    second = await configured(hass, f"{PLAIN},coordinator={network().coordinator}", network())
    assert await unique_id_of(hass, network(channel=25)) == second.unique_id


async def test_second_network_of_an_extended_pan_id(hass: HomeAssistant) -> None:
    """Another coordinator or another key makes another network."""
    other_key = {**theirs()["network_key"], "key": "0f" * 16}
    await configured(hass, PLAIN, network())
    for second in (network(coordinator_ieee=OTHER_STICK), network(network_key=other_key)):
        expected = f"{PLAIN},coordinator={second.coordinator}"
        assert await unique_id_of(hass, second) == expected


async def test_entry_that_is_given_another_network_keeps_its_place(hass: HomeAssistant) -> None:
    entry = await configured(hass, PLAIN, network())
    second = network(coordinator_ieee=OTHER_STICK)
    assert await unique_id_of(hass, second, entry.entry_id) == PLAIN


async def test_plain_unique_id_that_is_free_again(hass: HomeAssistant) -> None:
    """The first entry was removed; the second has its own name still."""
    await configured(hass, f"{PLAIN},coordinator={network().coordinator}", network())
    assert await unique_id_of(hass, network(coordinator_ieee=OTHER_STICK)) == PLAIN
