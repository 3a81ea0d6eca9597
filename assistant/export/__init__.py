"""What was dictated, as a file: pure functions from a report to bytes, and the checks before it leaves."""
