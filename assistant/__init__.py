"""A streaming voice assistant for clinicians. Not a medical device."""

__version__ = "0.2.0"
"""Stated here alone: the package's metadata is made from it."""
