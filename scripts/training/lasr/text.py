"""Sentences for the mini model: a seeded grammar over dictation and spoken questions.

One convention: words stay as spoken, in lower case ("five point two centimeters"); spoken punctuation is a
marker ("{period}"); a section heading is a tag in capitals ("[FINDINGS]"). `spoken` gives what is said.
"""

import random
import re
from pathlib import Path

from training.lasr import lexicon

INTENT_LINES = Path(__file__).resolve().parents[3] / "assistant/intents/data/train.tsv"
HEADINGS = [
    "EXAM TYPE",
    "INDICATION",
    "TECHNIQUE",
    "COMPARISON",
    "FINDINGS",
    "IMPRESSION",
    "PROCEDURE",
    "PLAN",
    "DIAGNOSES",
    "ASSESSMENT",
    "HISTORY",
    "MEDICATIONS",
    "ALLERGIES",
    "RECOMMENDATION",
]
MARKERS = ("period", "comma", "colon", "semicolon", "question mark", "new paragraph", "new line", "hyphen")
UNITS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
TEENS = [
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
ORDINALS = [
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
    "twentieth",
]
_SLOT = re.compile(r"<([a-z_]+)>")
_MARKER = re.compile(r"\{([^}]*)\}|\[([^\]]*)\]")

RULES: dict[str, list[str]] = {
    "drug": lexicon.DRUGS,
    "disease": lexicon.DISEASES,
    "symptom": lexicon.SYMPTOMS,
    "anatomy": lexicon.ANATOMY,
    "finding": lexicon.FINDINGS,
    "adjective": lexicon.ADJECTIVES,
    "imaging": lexicon.IMAGING,
    "test": lexicon.TESTS,
    "lab": lexicon.LABS,
    "surgery": lexicon.SURGERIES,
    "job": lexicon.OCCUPATIONS,
    "general": lexicon.GENERAL,
    "side": ["left", "right", "left", "right", "bilateral"],
    "vertebra": ["c <low> c <low>", "t <teen>", "l <low> l <low>", "l five s one", "t <low> t <low>", "c seven t one"],
    "low": ["one", "two", "three", "four", "five", "six", "seven"],
    "teen": TEENS,
    "size": ["<n> millimeter", "<n> point <digit> centimeter", "<n> by <n> millimeter", "<digit> point <digit> centimeter"],
    "sized": [
        "<n> millimeters",
        "<digit> point <digit> centimeters",
        "<digit> point <digit> by <digit> point <digit> centimeters",
        "<n> by <n> by <n> millimeters",
        "<digit> by <digit> by <digit> centimeters",
        "up to <digit> point <digit> centimeters in diameter",
    ],
    "dose": [
        "<n> milligrams",
        "<round> milligrams",
        "<n> micrograms",
        "<n> units",
        "<digit> point <digit> milligrams",
        "<n> milliliters",
        "<digit> grams",
        "<digit> tablets",
        "<digit> puffs",
    ],
    "route": ["by mouth", "orally", "intravenously", "subcutaneously", "intramuscularly", "topically", "inhaled", "rectally"],
    "often": [
        "daily",
        "once daily",
        "twice daily",
        "three times daily",
        "four times a day",
        "every <digit> hours",
        "every other day",
        "at bedtime",
        "with meals",
        "as needed for <symptom>",
        "once weekly",
        "every morning",
        "every evening",
        "before breakfast",
        "nightly",
    ],
    "time": ["<n> days", "<n> weeks", "<digit> months", "<digit> years", "<n> hours", "several days", "a few weeks", "a week"],
    "date": ["<month> <ordinal> two thousand <teen>", "<month> <ordinal> twenty twenty <digit>", "<month> <ordinal>"],
    "month": MONTHS,
    "ordinal": [*ORDINALS, "twenty first", "twenty second", "twenty fifth", "thirtieth", "thirty first"],
    "who": ["the patient", "patient", "he", "she", "this patient", "the child", "the mother", "mister smith", "missus jones"],
    "person": [
        "<n> year old man",
        "<n> year old woman",
        "<n> year old male",
        "<n> year old female",
        "<digit> month old infant",
        "<n> year old <job>",
        "<digit> year old boy",
        "<digit> year old girl",
    ],
    "ap": ["<adjective> <finding>", "<finding>", "<size> <finding>", "<adjective> <size> <finding>", "<adjective> <adjective> <finding>"],
    "where": ["in the <anatomy>", "of the <anatomy>", "in the <side> <anatomy>", "at the level of the <anatomy>", "near the <anatomy>", "involving the <anatomy>", "along the <anatomy>", "adjacent to the <anatomy>"],
    "listf": ["<finding> or <finding>", "<finding> {comma} <finding> {comma} or <finding>", "<finding> {comma} <finding> or <finding>"],
    "lists": ["<symptom> or <symptom>", "<symptom> {comma} <symptom> {comma} or <symptom>", "<symptom> and <symptom>"],
    "listd": ["<disease> and <disease>", "<disease> {comma} <disease> {comma} and <disease>", "<disease>"],
    "normal": ["normal", "unremarkable", "within normal limits", "intact", "clear", "patent", "symmetric", "grossly normal", "not enlarged", "stable", "well preserved"],
    "radiology": [
        "there is a <ap> <where>",
        "there are <adjective> <finding> <where>",
        "there is no evidence of <listf>",
        "no <finding> is seen <where>",
        "no <listf>",
        "the <anatomy> is <normal>",
        "the <anatomy> and <anatomy> are <normal>",
        "the <anatomy> measures <sized>",
        "a <finding> <where> measures <sized> {comma} previously <sized>",
        "a <size> <finding> <where> is unchanged since <date>",
        "interval <change> <where>",
        "interval <change> of the <finding> <where>",
        "<imaging> demonstrates <ap> <where>",
        "<imaging> shows <ap> <where>",
        "<imaging> with contrast was performed",
        "<imaging> was obtained without intravenous contrast",
        "broad based disc bulge at <vertebra> causing <adjective> central canal stenosis",
        "at <vertebra> there is <adjective> <finding>",
        "at <vertebra> there is no significant <finding>",
        "<adjective> <finding> {comma} likely <adjective>",
        "findings are consistent with <disease>",
        "findings may represent <disease> or <disease>",
        "findings are suspicious for <disease> {comma} clinical correlation is recommended",
        "differential includes <disease> {comma} <disease> {comma} and <disease>",
        "recommend follow up <imaging> in <time>",
        "comparison is made with <imaging> dated <date>",
        "status post <surgery>",
        "the lungs are clear without <listf>",
        "the heart size is <normal> and the <anatomy> is <normal>",
        "endotracheal tube tip is <digit> centimeters above the carina",
        "<size> hypodense lesion in segment <low> of the liver",
        "bi rads category <low>",
        "left ventricular ejection fraction of <n> percent with <adjective> mitral regurgitation",
        "standardized uptake value of <digit> point <digit> <where>",
    ],
    "change": ["increase in size", "decrease in size", "resolution", "development of <finding>", "improvement", "worsening", "progression"],
    "medicine": [
        "<who> is a <person> with a history of <listd> who presents with <symptom> for <time>",
        "<who> presents with <symptom> and <symptom>",
        "<who> denies <lists>",
        "<who> reports <symptom> for the past <time>",
        "<who> complains of <symptom> that started <time> ago",
        "past medical history is significant for <listd>",
        "past surgical history includes <surgery> and <surgery>",
        "continue <drug> <dose> <route> <often>",
        "continue <drug> and <drug>",
        "start <drug> <dose> <often>",
        "<who> was started on <drug> <dose> <often> and <drug> <dose> <often>",
        "increase <drug> to <dose> <often>",
        "decrease <drug> from <dose> to <dose> <often>",
        "discontinue <drug> because of <symptom>",
        "<drug> <dose> <route> <often> for <time>",
        "current medications include <drug> {comma} <drug> {comma} and <drug>",
        "current medications include <drug> <drug> and <drug>",
        "allergies include <drug> and <drug>",
        "<who> is allergic to <drug> which causes <symptom>",
        "hold <drug> before <surgery>",
        "<who> was treated with <drug> for <disease>",
        "blood pressure <bp> {comma} heart rate <n> {comma} oxygen saturation <high> percent on room air",
        "blood pressure is <bp> and pulse is <n>",
        "temperature <temp> {comma} respiratory rate <n>",
        "temperature is <temp> degrees",
        "weight is <n> kilograms and height is <digit> feet <digit> inches",
        "<lab> is <value> {comma} <lab> is <value>",
        "<lab> was <value> and <lab> was <value>",
        "the <lab> has increased from <value> to <value>",
        "labs show <lab> of <value>",
        "<test> was negative for <disease>",
        "we will order <test> and <test>",
        "check <test> in <time>",
        "physical examination reveals <symptom> {comma} the <anatomy> is <normal>",
        "on examination the <anatomy> is <normal> without <symptom>",
        "tenderness to palpation over the <side> <anatomy>",
        "cranial nerves two through twelve are intact",
        "strength is <low> out of five in the <side> <anatomy>",
        "assessment is <disease> with <symptom>",
        "refer to <specialty> for <disease>",
        "consult <specialty>",
        "<who> underwent <surgery> on <date>",
        "<who> will follow up in <time> with <specialty>",
        "follow up in <time> or sooner if <symptom> develops",
        "<who> was admitted with <disease> complicated by <disease>",
        "<who> was discharged home in stable condition on <date>",
        "family history of <disease> in the <relative>",
        "<who> works as a <job> and smokes <low> packs a day",
        "<who> is a former smoker who drinks <low> beers a week",
        "given the risk of <disease> we recommend <drug>",
        "vaccines are up to date",
        "risks and benefits of <surgery> were discussed with <who>",
        "counseled on diet {comma} exercise {comma} and smoking cessation",
    ],
    "relative": ["mother", "father", "sister", "brother", "maternal grandmother", "paternal grandfather", "aunt", "uncle"],
    "bp": ["<hundred> over <n>", "<hundred> over <n>", "<hundred> slash <n>"],
    "temp": ["ninety eight point <digit>", "one hundred one point <digit>", "thirty seven point <digit>", "ninety nine point <digit>", "one hundred <low> point <digit>"],
    "value": ["<n>", "<digit> point <digit>", "<n> point <digit>", "<hundred>", "zero point <digit>", "<digit> thousand"],
    "specialty": ["cardiology", "neurology", "dermatology", "gastroenterology", "nephrology", "pulmonology", "endocrinology", "rheumatology", "hematology", "oncology", "orthopedics", "urology", "ophthalmology", "psychiatry", "physical therapy", "infectious disease", "general surgery", "pediatrics", "radiology", "palliative care", "podiatry", "nutrition"],
    "question": [
        "what is the dose of <drug>",
        "what is the maximum dose of <drug> in <disease>",
        "what is the starting dose of <drug> for a <person>",
        "can i give <drug> with <drug>",
        "can <drug> cause <symptom>",
        "does <drug> interact with <drug>",
        "is <drug> safe in <condition>",
        "what are the side effects of <drug>",
        "what are the causes of <symptom>",
        "what are the symptoms of <disease>",
        "what is the first line treatment for <disease>",
        "how do i treat <disease> in a <person>",
        "how should i manage <disease> with <symptom>",
        "what does <adjective> <finding> in the <anatomy> mean",
        "what is the differential diagnosis for <symptom> and <symptom>",
        "what is the normal range for <lab>",
        "when should i order <test>",
        "which antibiotic is best for <disease>",
        "do i need to adjust <drug> in <condition>",
        "how long should i continue <drug> after <surgery>",
        "is there a <finding> in this image",
        "is there a <finding> in the <anatomy>",
        "show me the <anatomy>",
        "where is the <finding>",
        "what was the last <lab>",
        "what did the last <imaging> show",
        "when was the last <test>",
        "compare this <imaging> with the prior study",
        "describe this <imaging>",
        "what changed since <date>",
        "what medications is <who> taking",
        "does <who> have any allergies",
        "how common is <disease> after <surgery>",
        "should i stop <drug> before <surgery>",
        "what do the guidelines say about <disease>",
        "summarize the history of <disease>",
        "explain <disease> to the patient",
        "tell me about <disease>",
        "why is the <lab> high",
        "what is the follow up for a <size> <finding>",
    ],
    "condition": ["pregnancy", "renal failure", "liver disease", "breastfeeding", "the elderly", "children", "<disease>"],
    "salad": ["<general> <general> <drug> <general> <anatomy>", "<general> <general> <general> <general> <general>", "<drug> <drug> <drug>", "<finding> <general> <disease> <general>", "<symptom> <general> <general> <job>", "<n> <general> <hundred> <general> <drug>", "<disease> <drug> <disease>", "<month> <n> <specialty> <general> <lab>", "<surgery> <general> <test>", "<adjective> <general> <anatomy> <adjective>"],
    "command": ["scratch that", "undo that", "new paragraph please", "go to impression", "select <finding>", "delete last sentence", "insert normal chest", "stop dictation", "next field", "read back", "insert template <imaging>", "capitalize <drug>", "replace <disease> with <disease>", "go to sleep", "wake up", "sign report"],
    "clause": ["<radiology>", "<radiology>", "<medicine>", "<medicine>"],
    "body": ["<clause> {period}", "<clause> {period}", "<clause> {period}", "<clause>", "<clause> {comma} <clause> {period}"],
    "heading_body": ["<clause> {period}", "<disease> {period}", "<listd> {period}", "<ap> <where> {period}", "<imaging> {period}", "<drug> and <drug> {period}", "<person> with <symptom> {period}"],
    "headed": ["[<heading>] {colon} <heading_body>", "[<heading>] <heading_body>", "[<heading>] {colon} {new paragraph} <heading_body>", "{new paragraph} [<heading>] {colon} <heading_body>"],
    "heading": [*HEADINGS, *["FINDINGS", "IMPRESSION", "INDICATION", "TECHNIQUE", "COMPARISON", "PLAN"] * 3],
    "sentence": ["<body>"] * 9 + ["<body> <body>", "<body> {new paragraph} <body>", "<body> {new line} <body>", "<body> {new paragraph}"] + ["<headed>"] * 3 + ["<question>"] * 3 + ["<question> {question mark}", "<command>"] + ["<salad>"] * 2,
}  # fmt: skip


def below_hundred(value: int) -> str:
    """0 to 99 in spoken words."""
    if value < 10:
        return ["zero", *UNITS][value]
    if value < 20:
        return TEENS[value - 10]
    tens, units = divmod(value, 10)
    return TENS[tens - 2] if units == 0 else f"{TENS[tens - 2]} {UNITS[units - 1]}"


def _hundred(rng: random.Random) -> str:
    hundreds, rest = UNITS[rng.randrange(4)], rng.randrange(100)
    if rest and rng.random() < 0.3:
        return f"{hundreds} {below_hundred(rest) if rest >= 10 else 'oh ' + UNITS[rest - 1]}"
    return f"{hundreds} hundred {below_hundred(rest)}" if rest else f"{hundreds} hundred"


def _number(slot: str, rng: random.Random) -> str | None:
    match slot:
        case "n":
            return below_hundred(rng.randrange(1, 100))
        case "digit":
            return rng.choice(UNITS)
        case "high":
            return below_hundred(rng.randrange(85, 100))
        case "hundred":
            return _hundred(rng)
        case "round":
            return rng.choice(["one hundred", "two hundred", "two hundred fifty", "three hundred", "five hundred",
                               "seven hundred fifty", "eight hundred", "eight hundred seventy five",
                               "one thousand"])  # fmt: skip
        case _:
            return None


def expand(template: str, rng: random.Random) -> str:
    """The template with every `<slot>` filled, until none is left. Unknown slots: KeyError."""
    while (slot := _SLOT.search(template)) is not None:
        filled = _number(slot[1], rng) or rng.choice(RULES[slot[1]])
        template = template[: slot.start()] + filled + template[slot.end() :]
    return template


def spoken(target: str) -> str:
    """A speaker's words for a target: markers and tags by their names, in lower case."""
    return " ".join(_MARKER.sub(lambda m: m[1] or m[2], target).lower().split())


def intent_lines() -> list[str]:
    """The intent model's training utterances that are plain words, as said: live questions and notes."""
    lines = (line.split("\t")[2].lower() for line in INTENT_LINES.read_text().splitlines())
    return [line for line in lines if re.fullmatch(r"[a-z' ]+", line)]


def sentences(count: int, *, seed: int, avoid: frozenset[str] = frozenset()) -> list[str]:
    """`count` distinct targets, none of them in `avoid`; the same for the same arguments."""
    rng = random.Random(seed)
    found: dict[str, None] = {}
    asked = intent_lines()
    while len(found) < count:
        target = rng.choice(asked) if rng.random() < 0.1 else expand("<sentence>", rng)
        if target not in avoid:
            found[target] = None
    return list(found)


def vocabulary_words() -> set[str]:
    """Every distinct word the grammar can say, but for those that only numbers bring."""
    plain = (_SLOT.sub(" ", alternative) for options in RULES.values() for alternative in options)
    return {word for text in plain for word in spoken(text).split()}
