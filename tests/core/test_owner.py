"""A network that another program owns: what only the owner can do is not tried."""

from datetime import datetime, timedelta
from typing import Any, override

import pytest

from custom_components.aqara_zigbee.core.errors import DeliveryError, NotOwnerError
from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.core.models import DEFINITIONS
from custom_components.aqara_zigbee.core.radio import Ieee, Node, Radio
from tests.core.network import IEEE, NOON, ScriptedRadio


class SharedRadio:
    """The scripted radio without what only an owner can do."""

    coordinator = ScriptedRadio.coordinator
    request = ScriptedRadio.request
    permit = ScriptedRadio.permit
    energy_scan = ScriptedRadio.energy_scan
    neighbours = ScriptedRadio.neighbours
    addresses = ScriptedRadio.addresses
    interview = ScriptedRadio.interview


def gateway_on(radio: Any, memory: dict[str, Any] | None = None, now: datetime = NOON) -> Gateway:
    """Return a gateway whose coroutines are not run."""
    return Gateway(radio, DEFINITIONS, lambda work: work.close(), memory, clock=lambda: now)


def test_owner_is_the_radio_or_none() -> None:
    own: Radio = ScriptedRadio()
    assert gateway_on(own).owner is own
    assert gateway_on(SharedRadio()).owner is None


async def test_guest_removes_no_device() -> None:
    gateway = gateway_on(SharedRadio())
    gateway.known(Node(IEEE, 0x1234, "lumi.plug", is_complete=True), NOON)
    with pytest.raises(NotOwnerError):
        await gateway.dismiss(IEEE)
    assert IEEE in gateway
    assert gateway.as_dict()["dismissed"] == []


@pytest.mark.parametrize("leaves", [True, False])
async def test_device_that_leaves_without_an_answer_is_removed(leaves: bool) -> None:
    """Its answer can be overtaken by the notice that it has left, after which it has no address."""
    asked: list[bool] = []

    class SilentRadio(ScriptedRadio):
        @override
        async def remove(self, ieee: Ieee, *, force: bool = False) -> None:
            asked.append(force)
            if not force:
                if leaves:
                    gateway.left(ieee)
                raise DeliveryError(f"{ieee} does not respond")
            gateway.removed(ieee)

    gateway = gateway_on(SilentRadio())
    gateway.known(Node(IEEE, 0x1234, "lumi.plug", is_complete=True), NOON)
    if leaves:
        await gateway.dismiss(IEEE)
    else:
        with pytest.raises(DeliveryError):
            await gateway.dismiss(IEEE)
    assert asked == ([False, True] if leaves else [False])
    assert (IEEE in gateway) is not leaves
    assert gateway.as_dict()["dismissed"] == ([IEEE] if leaves else [])


def test_guest_accepts_removed_devices() -> None:
    gateway = gateway_on(SharedRadio(), {"dismissed": [IEEE]})
    gateway.joined(Node(IEEE, 0x1234, "lumi.plug", is_complete=True), NOON)
    assert IEEE in gateway


LOCK = Node(IEEE, 0x1234, "lumi.lock.acn02", is_complete=True)
OPTIONS = {"users": {"3": "Anna"}, "availability": 90, "legacy": False}
ALMOST, TOO_LONG = timedelta(days=30), timedelta(days=30, seconds=1)


def stored_rows(gateway: Gateway) -> dict[str, Any]:
    """Return the stored data of a network of one device, as it is read at the next start."""
    row = gateway.row(IEEE)
    return {"devices": {} if row is None else {IEEE: row}}


def removed_lock(radio: Any) -> Gateway:
    """A network from which a lock with options was removed."""
    gateway = gateway_on(radio)
    gateway.known(LOCK, NOON).options = dict(OPTIONS)
    gateway[IEEE].state["state"] = True
    gateway.removed(IEEE)
    return gateway


@pytest.mark.parametrize("restarts", [False, True])
def test_options_are_restored_with_a_device_of_a_guest(restarts: bool) -> None:
    gateway = removed_lock(SharedRadio())
    if restarts:
        gateway = gateway_on(SharedRadio(), stored_rows(gateway))
    assert gateway.expire(NOON + ALMOST) == []
    device = gateway.known(LOCK, NOON + ALMOST)
    assert device.options == OPTIONS
    assert device.state == {}
    assert "removed" not in stored_rows(gateway)["devices"][IEEE]


def test_options_are_deleted_after_30_days() -> None:
    gateway = removed_lock(SharedRadio())
    later = gateway_on(SharedRadio(), stored_rows(gateway))
    assert later.known(LOCK, NOON + TOO_LONG).options == {}
    assert gateway.expire(NOON + TOO_LONG) == [IEEE]
    assert gateway.row(IEEE) is None
    assert gateway.expire(NOON + TOO_LONG) == []


def test_nothing_is_stored_without_options_or_on_our_own_network() -> None:
    assert removed_lock(ScriptedRadio()).row(IEEE) is None
    gateway = gateway_on(SharedRadio())
    gateway.known(LOCK, NOON)
    gateway.removed(IEEE)
    assert gateway.row(IEEE) is None


def test_device_removed_during_a_stop() -> None:
    before = gateway_on(SharedRadio())
    before.known(LOCK, NOON).options = dict(OPTIONS)
    gateway = gateway_on(SharedRadio(), stored_rows(before))
    assert gateway.note_absent(NOON) == [IEEE]
    assert gateway.note_absent(NOON + ALMOST) == []  # it counts from the first time
    assert gateway.row(IEEE) == {"options": OPTIONS, "removed": NOON.isoformat()}
    assert gateway_on(ScriptedRadio(), stored_rows(before)).note_absent(NOON) == []


@pytest.mark.parametrize("removed", [7, "yesterday", "2026-11-26T12:00:00", None])
def test_invalid_time_of_removal(removed: object) -> None:
    rows = {"devices": {IEEE: {"options": OPTIONS, "removed": removed}}}
    gateway = gateway_on(SharedRadio(), rows)
    assert gateway.expire(NOON + TOO_LONG) == []
    assert gateway.note_absent(NOON) == [IEEE]
    assert gateway.known(LOCK, NOON).options == OPTIONS
