"""The user's guideline folder: read, cut into passages, searched for what a question needs."""
