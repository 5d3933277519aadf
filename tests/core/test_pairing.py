"""Joining devices, as the dialog lists them."""

import pytest

from custom_components.aqara_zigbee.core.pairing import PairingDevices, Stage
from tests.core.network import IEEE, Home, node

OTHER = "00:15:8d:00:01:a1:b2:c5"


class Watched:
    """Arrivals, and how often they have changed."""

    def __init__(self, home: Home) -> None:
        self.changes = 0
        self.arrivals = PairingDevices(home.gateway, self._count)

    def _count(self) -> None:
        self.changes += 1


@pytest.fixture
def watched(home: Home) -> Watched:
    return Watched(home)


async def test_each_stage_is_reported(home: Home, watched: Watched) -> None:
    arrivals = watched.arrivals
    assert not arrivals.are_settled, "nobody has come"
    home.gateway.joined(node("", complete=False), home.now)
    assert dict(arrivals) == {IEEE: Stage.INTERVIEWING}
    home.gateway.interviewed(node("lumi.plug"), home.now)
    assert (arrivals[IEEE], arrivals.are_settled) == (Stage.RECOGNISED, False)
    await home.settle()
    assert (arrivals[IEEE], arrivals.are_settled) == (Stage.READY, True)
    home.gateway.joined(node("", OTHER, 2, complete=False), home.now)
    assert (len(arrivals), arrivals.are_settled) == (2, False)
    home.gateway.interview_failed(node("", OTHER, 2))
    assert (arrivals[OTHER], arrivals.are_settled) == (Stage.STALLED, True)


@pytest.mark.parametrize(
    ("model", "stage"), [("lumi.plug", Stage.READY), ("virtual.other", Stage.UNSUPPORTED)]
)
async def test_new_device_stays_new_when_it_announces_itself_again(
    home: Home, watched: Watched, model: str, stage: Stage
) -> None:
    """Or when it is paired twice, which makes it leave first: it has no name yet."""
    home.gateway.joined(node("", complete=False), home.now)
    home.gateway.interviewed(node(model), home.now)
    await home.settle()
    assert watched.arrivals[IEEE] is stage
    home.gateway.joined(node(model, nwk=7), home.now)
    assert watched.arrivals[IEEE] is stage
    home.gateway.left(IEEE)
    home.gateway.joined(node(model, nwk=8), home.now)
    assert watched.arrivals[IEEE] is stage


@pytest.mark.parametrize(
    ("model", "stage"), [("lumi.plug", Stage.BACK), ("virtual.other", Stage.UNSUPPORTED)]
)
def test_known_device_is_back(home: Home, watched: Watched, model: str, stage: Stage) -> None:
    home.gateway.known(node(model), home.now)
    home.gateway.joined(node(model), home.now)
    assert dict(watched.arrivals) == {IEEE: stage}
    home.close()


def test_removed_device_is_not_listed(home: Home, watched: Watched) -> None:
    home.gateway.joined(node("", complete=False), home.now)
    before = watched.changes
    home.gateway.removed(IEEE)
    assert dict(watched.arrivals) == {}
    assert watched.changes == before + 1


def test_nothing_changes_when_a_device_only_falls_silent(home: Home, watched: Watched) -> None:
    home.gateway.known(node("lumi.plug"), home.now).set_available(available=True)
    home.gateway.lost("unplugged")
    assert (watched.changes, dict(watched.arrivals)) == (0, {})


def test_stages_remain_after_unsubscribing(home: Home, watched: Watched) -> None:
    home.gateway.joined(node("", complete=False), home.now)
    watched.arrivals.stop()
    home.gateway.removed(IEEE)
    assert set(watched.arrivals) == {IEEE}
