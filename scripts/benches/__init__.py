"""Measurements: `scripts/bench NAME`."""
