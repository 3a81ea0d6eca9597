"""Padding to a square, and boxes back from it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.engines.pieces import Padding


def test_a_wide_picture_gets_bars_above_and_below():
    padding = Padding(400, 200)
    assert (padding.side_px, padding.left_px, padding.top_px) == (400, 0, 100)
    assert padding.to_pixels([250, 0, 750, 1000]) == (0, 0, 400, 200)


def test_a_tall_picture_gets_bars_on_both_sides():
    padding = Padding(200, 400)
    assert (padding.side_px, padding.left_px, padding.top_px) == (400, 100, 0)
    assert padding.to_pixels([0, 500, 500, 750]) == (100, 0, 200, 200)


def test_the_odd_pixel_is_on_the_right():
    assert Padding(99, 100).left_px == 0
    assert Padding(97, 100).left_px == 1


@pytest.mark.parametrize("box", [[0, 0, 200, 1000], [500, 600, 500, 700], [700, 0, 300, 1000]])
def test_a_box_in_the_padding_or_without_area_is_none(box):
    assert Padding(400, 200).to_pixels(box) is None


sides = st.integers(1, 5000)
parts = st.floats(0.05, 0.45)


@given(sides, sides, parts, parts)
def test_a_box_in_the_picture_comes_back_from_the_square(width, height, near, far):
    x0, y0, x1, y1 = near * width, near * height, (1 - far) * width, (1 - far) * height
    padding = Padding(width, height)
    left, top, scale = padding.left_px, padding.top_px, 1000 / padding.side_px
    box = [(y0 + top) * scale, (x0 + left) * scale, (y1 + top) * scale, (x1 + left) * scale]
    assert padding.to_pixels(box) == pytest.approx((x0, y0, x1, y1), abs=1e-6)
