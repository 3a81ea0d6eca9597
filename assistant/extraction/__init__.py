"""Fields out of many reports, each with its place in the text."""
