"""Mirrors with test doubles of broker, clock, Home Assistant and radio."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.mirror.stage import Stage


@pytest.fixture
def make() -> Iterator[Callable[..., Stage]]:
    """Creates stages with settings; each is closed at the end."""
    stages: list[Stage] = []

    def build(**settings: Any) -> Stage:
        stages.append(Stage(**settings))
        return stages[-1]

    yield build
    for stage in stages:
        stage.close()


@pytest.fixture
def stage(make: Callable[..., Stage]) -> Stage:
    """A stage with the usual settings."""
    return make()


@pytest.fixture
def plug(stage: Stage) -> Stage:
    """A stage with a plug named "device" and a publishing mirror."""
    stage.add("lumi.plug")
    stage.begin()
    return stage


@pytest.fixture
def relay(stage: Stage) -> Stage:
    """The same with a relay."""
    stage.add("lumi.relay.c2acn01")
    stage.begin()
    return stage


@pytest.fixture
def knob(stage: Stage) -> Stage:
    """The same with a knob."""
    stage.add("lumi.remote.rkba01")
    stage.begin()
    return stage


@pytest.fixture
def lock(stage: Stage) -> Stage:
    """The same with an S2 lock."""
    stage.add("lumi.lock.acn02")
    stage.begin()
    return stage
