"""Dictations made up from parts, for the rule that numbers, sides, negations and drugs never change."""

import random

from assistant.dictation.tokens import table

ONES = table(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
)
TENS = table("twenty thirty forty fifty sixty seventy eighty ninety")


def number(chance: random.Random) -> str:
    kind = chance.randrange(7)
    small, ten = chance.choice(ONES[1:]), chance.choice(TENS)
    if kind == 0:
        return small
    if kind == 1:
        return f"{ten} {chance.choice(ONES[1:10])}"
    if kind == 2:
        return f"{chance.choice(ONES[1:10])} hundred {chance.choice(['', 'and '])}{ten}".strip()
    if kind == 3:
        return f"{chance.choice(ONES)} point {chance.choice(ONES[:10])}"
    if kind == 4:
        return f"{chance.choice(ONES[1:10])} {ten} {chance.choice(ONES[1:10])}"
    if kind == 5:
        return str(chance.randrange(1, 2000) / chance.choice([1, 10, 100]))
    return f"{chance.choice(ONES[1:10])} thousand {chance.choice(['', ten])}".strip()


DRUGS = table("metoprolol warfarin lisinopril apixaban heparin insulin morphine aspirin")
UNITS = table("milligrams millimeters centimeters units micrograms milliliters mg mm percent weeks tablets")
PARTS = table(
    "kidney lung lower lobe|femur|breast|upper lobe|adnexa|ventricle|hip|knee",
    "|",
)
FRAMES = (
    "{no} {side} {part} {finding}",
    "{drug} {n} {unit} {how}",
    "{n} by {n} {unit} lesion in the {side} {part}",
    "blood pressure {n} over {n}",
    "{n} to {n} {unit} {side} {part} mass",
    "stage {s} cancer of the {side} {part}",
    "grade {s} of {s}",
    "l {s} l {s} disc bulge {side}",
    "c {s} through c {s}",
    "cranial nerves {s} through {s} are intact",
    "{n} year old {who} {no} {finding}",
    "january {s} two thousand {s}",
    "at {s} {n} pm",
    "{s} out of {s} strength in the {side} arm",
    "patient denies {finding} and is not on {drug}",
    "{drug} {n} {unit} and {drug} {n} {unit} {how}",
    "one of the {s} {part}",
    "{n} {n}",
    "number {s} {drug}",
    "{s} and a half {unit}",
    "the ascending colon is normal",
    "the postoperative period was uneventful",
    "minus {n}",
    "{n} plus {s}",
    "the {s}th and third rib",
    "{no} change since {n}",
)
MARKS = table(
    " period| comma| colon| new paragraph| new line|.|,| {period}| {comma}| semicolon||"
    " {new paragraph}| {foo}",
    "|",
)


def sentence(chance: random.Random) -> str:
    out = ""
    for _ in range(chance.randrange(1, 5)):
        frame = chance.choice(FRAMES)
        while "{" in frame:
            key = frame[frame.index("{") + 1 : frame.index("}")]
            frame = frame.replace("{" + key + "}", pick(key, chance), 1)
        out += " " + frame + chance.choice(MARKS)
    return out.strip()


def pick(key: str, chance: random.Random) -> str:
    if key == "n":
        return number(chance)
    if key == "s":
        return chance.choice(ONES[1:13])
    options = {
        "no": ["no", "without", "there is", "not", "never"],
        "side": ["left", "right", "bilateral", "left sided", ""],
        "part": PARTS,
        "finding": ["fracture", "effusion", "chest pain", "edema"],
        "drug": DRUGS,
        "unit": UNITS,
        "how": table(
            "twice daily|b i d|p o|p r n|every six hours|q d|iv",
            "|",
        ),
        "who": ["man", "woman"],
    }
    return chance.choice(options[key])
