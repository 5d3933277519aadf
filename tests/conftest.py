"""For all tests."""

import pytest


@pytest.fixture(autouse=True)
def enable_event_loop_debug() -> None:
    """Leave asyncio's debug mode off, which Home Assistant's harness switches on.

    It notes a stack for every callback, and the virtual stick has a lot of those: the tests would
    take half as long again.
    """
