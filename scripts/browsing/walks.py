"""All walks, in the order they are made: importing this puts them into the table."""

from scripts.browsing import (
    walks_first,
    walks_options,
    walks_pages,
    walks_reconfigure,
    walks_repairs,
    walks_setup,
    walks_triggers,
)

__all__ = [
    "walks_first",
    "walks_options",
    "walks_pages",
    "walks_reconfigure",
    "walks_repairs",
    "walks_setup",
    "walks_triggers",
]
