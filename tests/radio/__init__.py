"""Tests of radio."""
