import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.engines.pieces import Padding
from assistant.readings.boxes import Box, PlacedBox, parse_boxes, place


def answer(boxes):
    return f"The heart lies centrally.\nFinal Answer:\n```json\n{json.dumps(boxes)}\n```"


def test_boxes_come_in_order_with_their_labels():
    said = answer(
        [
            {"box_2d": [100, 200, 300.5, 400], "label": " heart "},
            {"box_2d": [0, 0, 1000, 1000], "label": "all"},
        ]
    )
    assert parse_boxes(said) == (Box("heart", (100, 200, 300.5, 400)), Box("all", (0, 0, 1000, 1000)))


def test_the_scale_of_the_paper_is_understood():
    assert parse_boxes(answer([{"box_2d": [0.1, 0.2, 0.3, 0.4], "label": "heart"}])) == (
        Box("heart", (100, 200, 300, 400)),
    )


@pytest.mark.parametrize(
    "box",
    [
        {"box_2d": [300, 200, 100, 400], "label": "turned over"},
        {"box_2d": [100, 200, 100, 400], "label": "empty"},
        {"box_2d": [100, 200, 300], "label": "three numbers"},
        {"box_2d": [100, 200, 300, 1400], "label": "off the scale"},
        {"box_2d": [-1, 200, 300, 400], "label": "off the scale"},
        {"box_2d": ["a", 200, 300, 400], "label": "no number"},
        {"box_2d": [True, 200, 300, 400], "label": "no number"},
        {"box_2d": [1, 200, float("nan"), 400], "label": "no number"},
        {"box_2d": [100, 200, 300, 400]},
        {"box_2d": [100, 200, 300, 400], "label": ""},
        {"box_2d": {"y": 1}, "label": "heart"},
        ["heart", 1, 2, 3, 4],
        None,
    ],
)
def test_nonsense_is_no_box_and_takes_no_other_with_it(box):
    good = {"box_2d": [1, 2, 3, 4], "label": "heart"}
    assert parse_boxes(answer([box, good])) == (Box("heart", (1, 2, 3, 4)),)


@given(st.text(max_size=80))
def test_words_are_no_box(text):
    assert parse_boxes(text) == ()
    assert parse_boxes(f"```json\n[{text}") == ()


def test_a_list_cut_off_in_the_middle_gives_no_box():
    assert parse_boxes('```json\n[{"box_2d": [1, 2, 3, 4], "label": "hea') == ()


def test_places_are_on_the_picture_as_it_was_attached():
    wide = Padding(200, 100)  # 50 black rows above and below
    boxes = parse_boxes(answer([{"box_2d": [0, 0, 500, 500], "label": "a"}]))
    assert place(boxes, wide) == (PlacedBox("a", 0, 0, 100, 50),)
    in_the_padding = parse_boxes(answer([{"box_2d": [0, 0, 200, 500], "label": "a"}]))
    assert place(in_the_padding, wide) == ()
