"""A lock's user and opening as one event, at the level of devices."""

import pytest

from custom_components.aqara_zigbee.core.events import ActionFired
from tests.core.network import Home, node

WHO = "1c5f11290a10ff420e1001020120000500000000000000"
OPENED = "1c5f11160af6ff42101001020b000000000000000000000000"
LOCKED = "1c5f11150af6ff421014010201110000000000000000000000"


def actions(home: Home, *frames: tuple[float, str]) -> list[ActionFired]:
    """Return a lock's actions, given frames after some seconds each."""
    device = home.gateway.known(node("lumi.lock.acn02"), home.now)
    fired: list[ActionFired] = []
    device.subscribe(lambda update: fired.append(update.action) if update.action else None)
    for seconds, frame in frames:
        home.later(seconds=seconds)
        home.receive(frame, cluster=0x0101)
    return fired


@pytest.mark.parametrize("seconds", [0, 1, 5])
def test_opening_has_the_user(home: Home, seconds: float) -> None:
    _, second = actions(home, (0, WHO), (seconds, OPENED))
    assert second.action == "lock_opened_outside"
    assert second.details == {}
    assert second.joined["action_user"] == 5


def test_late_opening_has_no_user(home: Home) -> None:
    assert actions(home, (0, WHO), (5.1, OPENED))[1].joined == {}


def test_only_the_first_opening_has_the_user(home: Home) -> None:
    assert actions(home, (0, WHO), (1, OPENED), (1, OPENED))[2].joined == {}


def test_locking_has_no_user(home: Home) -> None:
    assert actions(home, (0, WHO), (1, LOCKED))[1].joined == {}


def test_read_response_is_not_an_event(home: Home) -> None:
    """The maker's hub reads the bolts; what moved them last is no news (capture ZNMS12LM-005)."""
    answer = "1c5f117701f6ff00" + OPENED[14:]
    device = home.gateway.known(node("lumi.lock.acn02"), home.now)
    fired = actions(home, (0, answer))
    assert fired == []
    assert device.state["state"] is True
