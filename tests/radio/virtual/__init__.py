"""Tests of the virtual coordinator: the unmodified zigpy and zigpy-znp against it, and it alone."""
