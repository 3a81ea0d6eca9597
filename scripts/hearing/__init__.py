"""Shared by training and the benches: the terms of daily dictation, scores of what was heard, and noise.

It imports neither of them, and they do not import each other (tests/test_layout.py).
"""
