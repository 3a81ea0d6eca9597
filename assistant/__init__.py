"""A streaming voice assistant for clinicians. Not a medical device."""

__version__ = "0.1.0"
