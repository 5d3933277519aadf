"""For all tests."""

import logging

from homeassistant.util import executor
import pytest


def pytest_configure() -> None:
    """Let only pytest handle log messages.

    Home Assistant's harness adds a handler for the terminal, to which threads log between the phases
    of a test, while pytest captures nothing.
    """
    root = logging.getLogger()
    for handler in root.handlers:
        if type(handler) is logging.StreamHandler:
            root.removeHandler(handler)
    root.addHandler(logging.NullHandler())  # or warnings would go to the terminal, too


@pytest.fixture(autouse=True, scope="session")
def patient_executor() -> None:
    """Give threads much time to end, also on a busy machine.

    Home Assistant interrupts those that need more than a second, which can prevent others from
    ending; they would count as left behind.
    """
    executor.EXECUTOR_SHUTDOWN_TIMEOUT = 300


@pytest.fixture(autouse=True)
def enable_event_loop_debug() -> None:
    """Keep asyncio's debug mode off, which Home Assistant's harness enables.

    It records a stack for every callback, of which the virtual coordinator has many: the tests
    would take 50 % longer.
    """
