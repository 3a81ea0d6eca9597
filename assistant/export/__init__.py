"""Exports of a report: pure functions from a report to bytes, and the checks before export."""
