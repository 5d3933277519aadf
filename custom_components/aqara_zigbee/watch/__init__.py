"""Repair issues, and their conditions."""
