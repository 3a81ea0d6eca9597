"""Forms that experts write: sutures, wires, staging, scores, markers, signs, ratios, decades. Tables of patterns."""

import re

from assistant.dictation.medical import ROMANS, TO_ROMAN, Rules, number, rules, to_roman
from assistant.dictation.numbers import TEENS, TENS, UNITS
from assistant.dictation.tokens import table
from assistant.dictation.units import MEASURED, NOT_MEASURED

_DIGIT = "|".join(list(UNITS)[1:])
_MATERIAL = (
    r"(?:sutures?|vicryl|prolene|nylon|silk|monocryl|ethibond|ethilon|pds|chromic|gut|mersilene|stratafix|v-?loc|"
    r"monofilament|ties?|stitch(?:es)?|maxon|dexon|fiberwire|biosyn|polysorb|plain gut|surgipro|gore-?tex)"
)
_OH = r"(?:oh|o|zero|aught|ought)"
_WIRE = r"(?:[a-z-]+ ){0,2}?(?:wire|guidewire|guide wire|glidewire|wires|guidewires)"
_DECADES = {f"{word[:-1]}ies": value for word, value in TENS.items()}
_OF_TENS = "|".join(_DECADES)
_THINGS = table(
    "blade blades french fr gauge suture sutures silk vicryl prolene nylon pds monocryl chromic ethibond tube endotracheal "
    "et needle needles catheter scalpel foley mac miller lma trocar drill reamer bit screw pencil priority concern reason "
    "cause killer choice complaint is was were are has had of on and or to"
)
LIST_ITEM = rf"(?!(?:[a-z]+ ){{0,2}}(?:{'|'.join(_THINGS)})\b)[a-z]"
"""Words that follow "number ten" where it is an item of a list, and not a blade or a suture."""


def _sutures(match: re.Match[str]) -> str:
    return re.sub(
        rf"({_DIGIT}|ten|eleven|\d+)[ -]{_OH}\b", lambda m: f"{number(m[1])}-0", match[0], flags=re.I
    )


def _wire(match: re.Match[str]) -> str:
    point, digits, inch = match.groups()
    said = "".join(str(UNITS[word]) for word in re.split(r"[ -]", digits.lower()))
    return f"0.0{said}-inch " if point or inch else f"0{said} "


def _decade(match: re.Match[str]) -> str:
    before, hundreds, tens = match.groups()
    value = _DECADES[tens.lower()]
    century = {"eighteen": 1800, "nineteen": 1900, "one": 100, "two": 200}.get(
        (hundreds or "").strip().lower(), 0
    )
    return f"{before or ''}{century + value}s"


_TN = r"(?:zero|one|two|three|four|oh|[0-4]|x)"
_TNM = (
    rf"\b(?:(y) ?)?(?:([pcr]) ?)?t ?(is|{_TN})(?: ?([a-d]))?[, ]+(?:([pc]) ?)?n ?({_TN})(?: ?([a-c])(?! [a-z]{{4}}))?"
    rf"(?:[, ]+(?:([pc]) ?)?m ?({_TN})(?: ?([ab])(?! [a-z]{{4}}))?)?(?![\w.])"
)


def _tnm(match: re.Match[str]) -> str:
    """ "p t two n one a m zero" → pT2N1aM0."""
    y, p, t, ta, pn, n, na, pm, m, ma = (group or "" for group in match.groups())

    def value(said: str) -> str:
        low = said.lower()
        return "0" if low == "oh" else str(UNITS.get(low, low))

    space = " " if pn or pm else ""
    out = f"{y}{p}".lower() + f"T{value(t)}{ta.lower()}{space}{pn.lower()}N{value(n)}{na.lower()}"
    return out + (f"{space}{pm.lower()}M{value(m)}{ma.lower()}" if m else "")


def _brand(match: re.Match[str]) -> str:
    return "PDS" if match[0].lower() == "pds" else match[0].capitalize()


_NO_LETTER = "".join(
    rf"(?<!\b{name} )"
    for name in table("vitamin hepatitis influenza flu type group grade stage class factor strep")
)
"""Not behind a name that ends in a letter: "vitamin a hundred thousand units"."""
BEFORE = rules(
    (rf"\b(?:(?:{_DIGIT}|ten|eleven|\d+)[ -]{_OH}(?:,? (?:and|or) |, | ))+(?=(?:[a-z-]+ )?{_MATERIAL}\b)", _sutures),
    (rf"(?<!\w )\b(?:oh|zero) (?={_MATERIAL}\b)", "0 "),
    (r"\b(?:vicryl|prolene|monocryl|ethibond|ethilon|stratafix|pds)\b", _brand),
    (
        rf"\b(?:(?:zero )?(point) )?(?:oh|zero|o)[ -]((?:one|two|three)[ -](?:zero|two|three|four|five|eight))[ -](inch )?(?={_WIRE}\b)",
        _wire,
    ),
    (r"\b(?:zero )?point oh ((?:one|two|three) (?:zero|two|three|four|five|eight)) inch\b", lambda m: f"0.0{''.join(str(UNITS[w]) for w in m[1].lower().split())} inch"),
    (
        rf"\b(in (?:the )?|the |his |her |their |my |early |mid |late |low |lower |high |upper |over |to |and |from )?((?:eighteen|nineteen|one|two) )?({_OF_TENS})\b",
        lambda m: _decade(m) if m[1] or m[2] else m[0],
    ),
    (r"\bc ?a (?:nineteen|19)[ -](?:nine|9)\b", "CA 19-9"),
    (r"\bc ?a (fifteen|15)[ -](?:three|3)\b", "CA 15-3"),
    (r"\bc ?a (?:twenty seven|27)[ -](?:twenty nine|29)\b", "CA 27-29"),
    (rf"\b(para|p) ((?:zero|oh|{_DIGIT})(?: (?:zero|oh|{_DIGIT})){{3}})\b", lambda m: m[1] + " " + "".join("0" if w == "oh" else str(UNITS[w]) for w in m[2].lower().split())),
    (_TNM, _tnm),
    (r"\bh one n one\b", "H1N1"),
    (r"\bg (?:six|6) p ?d\b", "G6PD"),
    (r"\bo (?:two|2)(?= (?:sats?|saturations?|at|by|via|requirements?|per)\b)", "O2"),
    (r"\bh (?:two|2)(?= (?:blockers?|antagonists?)\b)", "H2"),
    (r"\btype ([ab])(?= (?:aortic|dissection|influenza|flu|personality|blood)\b)", lambda m: m[0][:-1] + m[1].upper()),
    (r"\bgroup ([a-g])(?= (?:strep\w*|beta)\b)", lambda m: m[0][:-1] + m[1].upper()),
    (rf"{_NO_LETTER}\ba (?=(?:hundred|thousand)(?: and)?(?: (?:{'|'.join([*UNITS, *TEENS, *TENS])})\b| over\b| {MEASURED}))", "one "),
    (r"\b(type|group|grade|stage|class|factor|category|strep) a(?=\s*[\ue000-\uf8ff])", r"\1 A"),
    (r"\b(non )?s ?t (?=elevation|depression|segment|changes|abnormalit|wave)", lambda m: f"{'non-' if m[1] else ''}ST "),
    (r"\b(pr|qt|qrs) (?=interval|complex|duration|prolong|segment|width)", lambda m: m[0].upper()),
    (r"\bqtc\b", "QTc"),
    (r"\bp ?h (?=(?:of |is |was )?(?:seven|six|five|eight|\d))", "pH "),
    (r"\b(influenza|flu|hepatitis) a (and|or) b\b", r"\1 A \2 B"),
    (r"\b(influenza|hepatitis|flu) ([b-e])\b", lambda m: f"{m[1]} {m[2].upper()}"),
    (r"\b(influenza|hepatitis|flu) a\b(?=\s*(?:$|[.,;\ue000-\uf8ff]|and\b|or\b|virus|positive|negative|is\b|was\b|vaccin|infection|anti|pcr|h\d))", r"\1 A"),
    (r"\b(in|at|for|on|close|routine|clinical|term|outpatient|interval|annual|lost to|no|of|during|week|month|year) follow up\b(?! (?:with|on|in)\b)", r"\1 follow-up"),
    (r"\bfollow up (?=(?:visit|appointment|ct|mri|imaging|study|exam|examination|scan|ultrasound|radiograph|x-ray|x ray|call|labs|care|colonoscopy|echo|echocardiogram|mammogram)s?\b)", "follow-up "),
)  # fmt: skip


def _markers(match: re.Match[str]) -> str:
    return match[1].upper() + match[2]


AFTER = rules(
    (r"\bg ?(\d+) ?p ?(\d{1,4})\b", r"G\1P\2"),
    (r"\b(phq|gad) (2|4|7|8|9|15)\b", lambda m: f"{m[1].upper()}-{m[2]}"),
    (r"\bki[ -]?67\b", "Ki-67"),
    (r"\bp (16|40|53|63)\b", r"p\1"),
    (r"\b(cd|brca|sglt|sox|ck|msh|mlh|pms) (\d{1,3})\b(?! ?(?:mm|cm|mg|%))", _markers),
    (r"\b(il|glp|ttf|pd|bcl|dpp|hmb|gata|cox|ctla) (\d{1,2})\b(?! ?(?:mm|cm|mg|%))", lambda m: f"{m[1].upper()}-{m[2]}"),
    (r"\bpd[ -]?l 1\b", "PD-L1"),
    (r"\b(er|pr)(?= (?:positive|negative|\d+(?:%| ?percent| per cent)))", lambda m: m[1].upper()),
    (r"\bher 2(?= (?:neu|positive|negative|status|amplif|overexpress|fish|ihc|score|equivocal|is|was|receptor|[0-3]\+|[0-3] plus)|[/.,\ue000-\uf8ff]|\s*$)", "HER2"),
    (rf"(?<![\w'])(?<!nerve )(?<!nerves )(?<!CN )v ([1-9])\b(?!\.\d)(?! ?(?:fib|tach)){NOT_MEASURED}", r"V\1"),
    # ratios and dilutions
    (r"\b(ratio(?: of| is| was)?) (\d+(?:\.\d+)?) to (\d+(?:\.\d+)?)\b", r"\1 \2:\3"),
    (r"\b(\d+(?:\.\d+)?) to (\d+(?:\.\d+)?) (?=ratio|dilution|mixture)", r"\1:\2 "),
    (r"\b(titers?|dilut\w+|ana|rpr|vdrl|asma|anca|dsdna|epinephrine|epi|adrenaline)((?: of| was| is| to| at)?) 1 to (\d{1,6})\b(?! ?(?:mg|mcg|ml|mm|tablets|hours))", r"\1\2 1:\3"),
    (r"\b1 to (1000|10000|100000|200000)(?= (?:epinephrine|epi|adrenaline|solution))", r"1:\1"),
    # signs
    (r"\b(station|base excess|base deficit)((?: of| is| was)?) minus (?=\d)", r"\1\2 -"),
    (r"\b(minus|plus) (\d) (?=station)", lambda m: f"{'-' if m[1] == 'minus' else '+'}{m[2]} "),
    (r"\b(station(?: of| is| was)?) plus (?=\d)", r"\1 +"),
    (r"(?<!\d )\bplus (\d+\.\d+)(?= (?:diopters?|sphere|cylinder|add|sph|cyl))", r"+\1"),
    (r"(?<!\d )\bminus (\d+(?:\.\d+)?)(?= (?:diopters?|sphere|cylinder|sph|cyl))", r"-\1"),
    (r"\b(\d+s) over (\d+s)\b", r"\1/\2"),
    # sizes
    (r"\b(\d+(?:\.\d+)?)[ -](?:french|fr)(?= (?!in\b|is\b|was\b|and\b|or\b|to\b|on\b)[a-z])", r"\1-French"),
    (r"\b(\d+)[ -]gauge(?= (?!in\b|is\b|was\b|and\b|or\b|to\b|on\b)[a-z])", r"\1-gauge"),
)  # fmt: skip
_NOT_BEHIND = r"(?<!ckd )(?<!kidney disease )(?<!ulcer )(?<!injury )"
_CLASSES = (
    r"mobitz(?: type)?|chiari(?: type| malformation type)?|killip(?: class)?|bipolar|schatzker(?: type)?|gustilo(?: type)?|"
    r"forrester(?: class)?|fontaine(?: stage)?|hinchey(?: stage| class)?"
)
_FACTORED = r"leiden|deficien\w+|levels?|inhibitors?|activity|concentrate|assay|mutation|replacement|complex"


def _roman(match: re.Match[str]) -> str:
    value = int(match[2])
    return f"{match[1]} {ROMANS[value]}" if 0 < value < len(ROMANS) else match[0]


def _factor(match: re.Match[str]) -> str:
    value = int(match[2])
    return f"{match[1]} {ROMANS[value]}{(match[3] or '').strip().lower()}"


def _leads(match: re.Match[str]) -> str:
    return match[1] + re.sub(r"\b[123]\b", lambda m: ROMANS[int(m[0])], match[2])


_ARABIC = (
    r"(?! ?[abc]? (?:ckd|chronic (?:kidney|renal)|kidney|pressure|decubitus|sacral|coccy\w+|heel|ulcer))"
)
"""Kidney disease and pressure injuries are staged in arabic numerals."""


def _stages(match: re.Match[str]) -> str:
    word, first, letter, joiner, last, end = match.groups()
    between = "-" if joiner.lower() == "to" else f" {joiner} "
    return f"{word} {ROMANS[int(first)]}{letter.upper()}{between}{ROMANS[int(last)]}{(end or '').upper()}"


CLASSES: Rules = rules(
    (rf"{_NOT_BEHIND}\b(stages?) (\d) ?([abc]?) (to|or|and|through) (\d)(?: ?([abc]))?(?![\w./]){NOT_MEASURED}{_ARABIC}", _stages),
    (rf"{_NOT_BEHIND}\b(stages?) {TO_ROMAN}( ?[abc]\d?)?(?![\w-]){_ARABIC}", to_roman),
    (r"\b(stages?) (iv|v|i{1,3})(?: ?([abc]\d?))?(?![\w-])", lambda m: f"{m[1]} {m[2].upper()}{(m[3] or '').upper()}"),
    (r"\b(nyha (?:functional )?class|le fort(?: type)?|bosniak|salter-harris(?: type)?) (\d+)( ?f\b)?(?!\.?\d)", to_roman),
    (rf"\b({_CLASSES}) (\d)(?![\d.])", _roman),
    (r"\b(type) (\d)(?= endoleak)", _roman),
    (rf"(?<!risk )\b(factor) (1[0-3]|[1-9])( ?a\b)?(?= (?:{_FACTORED})|\s*(?:$|[.,;\ue000-\uf8ff]))", _factor),
    (r"\b(leads? )((?:[123](?:, | and |, and | ))*[123](?=(?:,? and|,)? a ?v ?[flr]\b|\W*$|[,.;\ue000-\uf8ff]| (?:and|show|with|on|in|is|was|st)\b))", _leads),
)  # fmt: skip
"""Grades that their field writes in roman numerals."""


def thousands(text: str, counted: re.Pattern[str]) -> str:
    """12,000 for what is measured or counted; a year and a record number stay as they are."""

    def separated(match: re.Match[str]) -> str:
        behind = match.string[match.end() :].split()[:1]
        unit = behind[0].rstrip(".,;") if behind else ""
        return f"{int(match[0]):,}" if len(match[0]) > 4 or counted.match(unit) else match[0]

    return re.sub(r"(?<![\d.,:/\w-])(?<!number )(?<!MRN )\d{4,}(?![\d.:/\w-])", separated, text)
