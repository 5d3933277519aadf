"""Callbacks for zigpy: their exceptions are logged here, as zigpy would ignore them or fail."""

from collections.abc import Callable
import functools
import logging


def logs_errors[**P](logger: logging.Logger) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Decorate a callback, so that its exceptions are logged with its name and not raised."""

    def decorate(method: Callable[P, None]) -> Callable[P, None]:
        @functools.wraps(method)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
            try:
                method(*args, **kwargs)
            except Exception:
                logger.exception("%s failed", method.__name__)

        return guarded

    return decorate
