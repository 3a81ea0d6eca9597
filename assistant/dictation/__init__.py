"""Dictation: what was said as a clinician would have it written. Pure."""

from assistant.dictation.formatter import FormatOptions, Formatter

__all__ = ["FormatOptions", "Formatter"]
