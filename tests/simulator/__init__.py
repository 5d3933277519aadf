"""Tests of the virtual coordinator: alone, and with the unmodified zigpy and zigpy-znp."""
