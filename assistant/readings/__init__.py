"""Structured readings of an answer: places on an image, changes, a lab table. Pure."""
