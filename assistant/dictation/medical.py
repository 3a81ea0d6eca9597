"""Clinical forms as tables of patterns: before the numbers are in digits, and after."""

import re
from collections.abc import Callable

from assistant.dictation.labels import highest, is_plural
from assistant.dictation.numbers import ORDINALS, TEENS, TENS, UNITS, WORDS, is_digits, read_at, suffixed
from assistant.dictation.tokens import table
from assistant.dictation.units import NOT_MEASURED

MONTHS = table("January February March April May June July August September October November December")
ROMANS = table("0 I II III IV V VI VII VIII IX X XI XII")
Change = str | Callable[[re.Match[str]], str]
Rules = tuple[tuple[re.Pattern[str], Change], ...]

_DAY = (
    r"(?:(?:twenty|thirty)[ -](?:" + "|".join([*list(ORDINALS)[:9], *list(UNITS)[1:]]) + r")|"
    + "|".join([*ORDINALS, *list(UNITS)[1:], *TEENS, "twenty", "thirty"])
    + r"|\d{1,2}(?:st|nd|rd|th)?)"
)  # fmt: skip
_ORDINAL = rf"(?:(?:twenty|thirty)[ -](?:{'|'.join(list(ORDINALS)[:9])})|{'|'.join(ORDINALS)}|\d{{1,2}}(?:st|nd|rd|th))"
_SMALL = "|".join([*list(UNITS)[1:], *TEENS, *TENS])
_YEAR = (
    rf"(?:(?:nineteen|twenty|eighteen)[ -](?:(?:oh|o) (?:{'|'.join(UNITS)})|(?:{'|'.join(TENS)})(?:[ -](?:{'|'.join(UNITS)}))?|"
    rf"(?:{'|'.join(TEENS)}))|two thousand(?: and)?(?: (?:{'|'.join(TENS)})(?:[ -](?:{'|'.join(UNITS)}))?| (?:{_SMALL}))?|"
    r"(?:19|20)\d\d)"
)
_MONTH = "|".join(MONTHS)
_DIGIT = "|".join(list(UNITS)[1:])
_HOUR = "|".join([*list(UNITS)[1:], "ten", "eleven", "twelve", r"1[0-2]|[1-9]"])
_MINUTE = (
    rf"(?:(?:oh|o) (?:{'|'.join(UNITS)})|(?:twenty|thirty|forty|fifty)(?:[ -](?:{'|'.join(list(UNITS)[1:])}))?|"
    rf"{'|'.join(TEENS)}|[0-5]\d)"
)
_AMPM = r"(?:(a|p)(?:\.\s?m\b\.?|\s?m\b))"


def number(spoken: str) -> str:
    """The digits of one spoken number, as they were said."""
    words = spoken.lower().replace("-", " ").split()
    if words and words[0] in ("oh", "o") and len(words) == 2:
        return "0" + str(UNITS[words[1]])
    if words and is_digits(words[0]):
        return re.sub(r"\D+$", "", words[0])
    if len(words) == 2 and words[0] in ("twenty", "thirty") and words[1] in ORDINALS:
        return str(TENS[words[0]] + ORDINALS[words[1]])
    found = read_at(words, 0) if words else None
    return found.text if found else spoken


def _month(name: str) -> str:
    return name[0].upper() + name[1:].lower()


def _date(match: re.Match[str]) -> str:
    month, day, year = match.groups()
    if month == "may" and not year and day.lower() not in ORDINALS:
        return match.group(0)
    return f"{_month(month)} {number(day)}" + (f", {number(year)}" if year else "")


_FROM_DAY = re.compile(r"\d(?:st|nd|rd|th) (?:to|through|and|or|until) $")


def _date_of(match: re.Match[str]) -> str:
    day, month, year = match.groups()
    if _FROM_DAY.search(match.string[: match.start()]):
        return match[0]  # "the 3rd to the 5th of June"
    return f"{_month(month)} {number(day)}" + (f", {number(year)}" if year else "")


def _in_number(match: re.Match[str]) -> bool:
    """Whether a number goes on before the match: "twelve one eighty one pm" holds no "one pm"."""
    before = match.string[: match.start()].split()
    return bool(before) and (before[-1].lower() in WORDS or before[-1].lower() == "point")


def _hour(match: re.Match[str]) -> str:
    return match[0] if _in_number(match) else f"{number(match[1])}:00 {match[2].upper()}M"


def _time(match: re.Match[str]) -> str:
    hour, minute, half = match.groups()
    if _in_number(match):
        return match.group(0)
    return f"{number(hour)}:{number(minute)} {half.upper()}M"


def _military(match: re.Match[str]) -> str:
    before = match.string[: match.start()].lower().split()
    if _in_number(match) or (
        before and highest(before[-1], before[-2] if len(before) > 1 else "") is not None
    ):
        return match[0]
    return f"{number(match[1])}:{'00' if match[2].lower() == 'hundred' else number(match[2])}"


def rules(*pairs: tuple[str, Change]) -> Rules:
    return tuple((re.compile(pattern, re.I), change) for pattern, change in pairs)


FRACTIONS = {
    "half": 2, "halves": 2, "third": 3, "thirds": 3, "quarter": 4, "quarters": 4, "fourth": 4, "fourths": 4,
    "fifths": 5, "sevenths": 7, "eighth": 8, "eighths": 8, "sixteenth": 16, "tenths": 10,
}  # fmt: skip


_PARTS = [part for part in FRACTIONS if part.endswith("s")]


def _fraction(match: re.Match[str]) -> str:
    if _in_number(match):
        return match[0]
    above, below = (group for group in match.groups() if group)
    return f"{number(above)}/{FRACTIONS[below.lower()]}"


def _edges(match: re.Match[str]) -> str:
    first, to, last, month = match.groups()
    return f"the {suffixed(int(number(first)))} {to} the {suffixed(int(number(last)))} of {_month(month)}"


DATES = rules(
    (rf"\b(?:the )?({_ORDINAL}) (to|through|and|or|until) (?:the )?({_ORDINAL}) of ({_MONTH})\b", _edges),
    (
        rf"\b({_MONTH}) (?:the )?({_ORDINAL}) (to|through|and|or) (?:the )?({_ORDINAL})\b(?! (?:of|rib|toe|finger|digit))",
        lambda m: f"{_month(m[1])} {number(m[2])} {m[3]} {number(m[4])}",
    ),
    (
        rf"\b({_MONTH}),? (?:of )?({_YEAR})\b(?! (?:{_SMALL}|hundred|thousand|oh)\b)",
        lambda m: f"{_month(m[1])} {number(m[2])}",
    ),
    (rf"\b(?:the )?({_DAY}) (?:day )?of ({_MONTH})(?:,? ({_YEAR}))?\b", _date_of),
    (
        rf"\b({_MONTH}) (?:the )?({_DAY})(?![\w.]| ?(?:mg|percent|%))(?:,? (?:of )?({_YEAR}))?(?! hundred|\w)",
        _date,
    ),
    (
        r"\b((?:oh|o) (?:one|two|three|four|five|six|seven|eight|nine)|ten|eleven|twelve) "
        rf"((?:oh|o) (?:one|two|three|four|five|six|seven|eight|nine)|{_DAY}) ({_YEAR})\b",
        lambda m: f"{number(m[1])}/{number(m[2])}/{number(m[3])}",
    ),
    (
        rf"\b(zero|oh|o) ({_DIGIT})( ?(?:slash|\ue011) ?)(?:zero|oh|o) ({_DIGIT})(?= ?(?:slash|\ue011))",
        lambda m: f"0{UNITS[m[2].lower()]}{m[3]}0{UNITS[m[4].lower()]}",
    ),
)
_LONG = re.compile(rf"\b({'|'.join(MONTHS)}) (\d{{1,2}})(?:, (\d{{4}}))?\b(?! (?:to|through|and|or) \d)")


def day_first(text: str) -> str:
    """ "June 5, 2023" as "5 June 2023"."""
    return _LONG.sub(lambda m: f"{m[2]} {m[1]}" + (f" {m[3]}" if m[3] else ""), text)


TIMES = rules(
    (rf"\b({_HOUR})[ :]({_MINUTE}) ?{_AMPM}", _time),
    (rf"\b({_HOUR}) o'? ?clock (?:in the )?{_AMPM}", lambda m: f"{number(m[1])}:00 {m[2].upper()}M"),
    (rf"(?<![:.\d-])\b({_HOUR}) ?{_AMPM}(?= |$|\W)", _hour),
    (
        rf"\b((?:oh|o) (?:{'|'.join(UNITS)})|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|"
        rf"twenty(?:[ -](?:one|two|three))?|\d\d) (hundred|{_MINUTE}) hours\b",
        _military,
    ),
    (r"\b(0\d|1\d|2[0-3])([0-5]\d) hours\b", r"\1:\2"),
)
_EYES = re.compile(
    r"\b(?:visual acuity|acuity|vision|snellen|pinhole|uncorrected|best corrected|b ?c ?v ?a|o ?[dsu]\b|"
    r"(?:right|left|each|both|either) eyes?|near card|without glasses|with (?:glasses|correction))\b",
    re.I,
)
_CHART = {
    "ten": 10, "twelve": 12, "fifteen": 15, "sixteen": 16, "twenty": 20, "twenty five": 25, "thirty": 30,
    "thirty two": 32, "forty": 40, "fifty": 50, "sixty": 60, "sixty three": 63, "seventy": 70, "eighty": 80,
    "one hundred": 100, "hundred": 100, "one twenty five": 125, "one fifty": 150, "one hundred fifty": 150,
    "two hundred": 200, "two fifty": 250, "three hundred": 300, "four hundred": 400, "six hundred": 600,
    "eight hundred": 800,
}  # fmt: skip
_ACUITY = re.compile(
    rf"\b(?:twenty|20)[ -](?:(?:over|slash)[ -])?({'|'.join(sorted(_CHART, key=len, reverse=True)).replace(' ', '[ -]')})"
    rf"(?![ -]?(?:{'|'.join([*UNITS, *TEENS, *TENS])}|hundred|thousand|point|mill|micro|gram|diopters?|mg|mm|cm|percent|"
    r"years?|days?|weeks?|months?|minutes?|hours?|times|degrees)\b)",
    re.I,
)


def acuity(text: str) -> str:
    """ "twenty forty" as 20/40, where the clause is about seeing."""

    def seen(match: re.Match[str]) -> str:
        near = text[max(0, match.start() - 80) : match.end() + 60]
        if _in_number(match) or not _EYES.search(near):
            return match[0]
        return f"20/{_CHART[match[1].lower().replace('-', ' ')]}"

    return _ACUITY.sub(seen, text)


_GASES = {
    "spo": "SpO2", "sao": "SaO2", "pao": "PaO2", "fio": "FiO2", "pco": "PCO2", "paco": "PaCO2", "po": "PO2",
    "co": "CO2", "etco": "EtCO2", "hco": "HCO3",
}  # fmt: skip


def _gas(match: re.Match[str]) -> str:
    """ "s p o two" → SpO2, before its two is read together with the number that follows."""
    return _GASES[match.group(1).replace(" ", "").lower()]


BEFORE = rules(
    (r"\b(\d+) and (?:a|one) half\b", r"\1.5"),
    (r"\b(s ?p ?o|s ?a ?o|p ?a ?o|f ?i ?o|p ?a ?c ?o|e ?t ?c ?o|p ?c ?o|c ?o) ?(?:two\b|2(?!\d))", _gas),
    (r"\b(h ?c ?o) ?(?:three\b|3(?!\d))", _gas),
    (r"\b(p ?o) ?(?:two|2)(?= (?:of|is|was)\b)", _gas),  # "p o two tablets" is by mouth
    (r"\bsalter[ -]harris\b", "Salter-Harris"),
    (r"\ble fort\b", "Le Fort"),
    (r"\bnon small cell\b", "non-small cell"),
    (
        r"\b(first|second|third) degree (?=burns?|a ?v|heart|atrioventricular|relatives?|sprain|perineal|laceration|tears?|prolapse|frostbite|hemorrhoids?)",
        r"\1-degree ",
    ),
    (
        rf"\b(?:(one|1)[ -](half|third|quarter|fourth|eighth|sixteenth)|(three|3)[ -](quarter)|(two|three|four|five|seven|2|3)[ -]({'|'.join(_PARTS)}))\b(?! (?:rib|degree|toe|finger|digit|metatarsal))",
        _fraction,
    ),
    (r"\bplus (?:or|slash) minus\b|\bplus minus\b", "+/-"),
    (r"\bH and E\b", "H&E"),
    (r"\ba one c\b", "A1c"),
    (r"\bq\.? ?o\.? ?d\b\.?", "every other day"),
    (r"\bq\.? ?d\b\.?(?=[\s.,;]|$)", "daily"),
    (r"\bMSO4\b|\bm s o (?:four|4)\b", "morphine sulfate"),
    (r"\bMgSO4\b|\bm g s o (?:four|4)\b", "magnesium sulfate"),
    (r"\bpenicillin ([gv])\b", lambda m: f"{m[0][:-1]}{m[1].upper()}"),
    (r"\bd (five|ten|fifty|5|10|50) w\b", lambda m: f"D{number(m[1])}W"),
    (
        r"\bd (five|ten|5|10) (?=(?:half|one half|quarter|normal|ns|lr|l r|n s)\b)",
        lambda m: f"D{number(m[1])} ",
    ),
    (r"\b(?:bi|by)[ -]?rads?\b", "BI-RADS"),
    (r"\b(l ?i|p ?i|t ?i|o)[ -]?rads?\b", lambda m: m[1].replace(" ", "").upper() + "-RADS"),
    (r"\blung[ -]?rads?\b", "Lung-RADS"),
    (r"\b(left|right|one|two|both)[ -]sided\b", r"\1-sided"),
    (r"\bbroad based\b", "broad-based"),
    (r"\bcontrast enhanced\b", "contrast-enhanced"),
    (r"\bx[ -]ray(s?)\b", lambda m: m[0][0] + "-ray" + m[1]),
)
_LEVEL = r"(?<![\w'-])([ctls])"
TO_ROMAN = rf"(\d+)(?![\d./]){NOT_MEASURED}"


def to_roman(match: re.Match[str]) -> str:
    word, value, letter = match.group(1), int(match.group(2)), match.group(3)
    if not 0 < value < len(ROMANS):
        return match.group(0)
    return f"{word} {ROMANS[value]}{(letter or '').strip().upper()}"


def _levels(match: re.Match[str]) -> str:
    first, one, second, two = match.groups()
    if re.search(r"\bfrom $", match.string[: match.start()], re.I) and " to " in match.group(0):
        return f"{first.upper()}{one} to {(second or first).upper()}{two}"
    if first.lower() == "s" == (second or "s").lower():  # heart sounds
        return match.group(0)
    if not second and " to " not in match[0] and int(two) != int(one) + 1:
        return match.group(0)  # "T10 6 mm": the next number is no level
    return f"{first.upper()}{one}-{(second or first).upper()}{two}"


def _nerves(match: re.Match[str]) -> str:
    return match[1] + re.sub(r"\d+", lambda m: ROMANS[int(m[0])] if 0 < int(m[0]) <= 12 else m[0], match[2])


def _range(match: re.Match[str]) -> str:
    low, high = match.group(1), match.group(2)
    before = match.string[: match.start()].lower()
    if float(low) >= float(high) or re.search(
        r"\b(?:from|ratio(?: of)?|compared|respectively|down|odds(?: of)?|added) $|(?:increased|decreased|improved|changed|reduced|up|titrated?) $|[\d/]-?$",
        before,
    ):
        return match.group(0)
    return f"{low}-{high}"


_MUSCLES = re.compile(
    r"(?:ceps|(?:flex|extens|abduct|add|adduct|evert|invert|rotat|pronat|supinat)ors|hamstrings)$"
)
_THINGS = frozenset(table("people women men children feet teeth vertebrae days times ribs eyes ears toes"))
_NEXT_WORD = re.compile(r" ([\w'-]+)")


def _out_of(match: re.Match[str]) -> str:
    """A score; not where things are counted: "two out of three criteria"."""
    found = _NEXT_WORD.match(match.string, match.end())
    after = found[1].lower() if found else ""
    counted = after in _THINGS or (is_plural(after) and not _MUSCLES.search(after))
    return match[0] if counted else f"{match[1]}/{match[2]}"


def _over(match: re.Match[str]) -> str:
    return f"{match[1]}/{match[2]}"


_N = r"\d+(?:\.\d+)?"
AFTER = rules(
    # ages
    (
        r"\b(\d+)[ -](year|month|week|day)s?[ -]old\b(?<!years old)(?<!months old)(?<!weeks old)(?<!days old)",
        r"\1-\2-old",
    ),
    # spine
    (rf"{_LEVEL} ?(\d{{1,2}})(?: to | ?- ?| )([ctls]) ?(\d{{1,2}})(?![\w/.%])", _levels),
    (
        rf"{_LEVEL} (\d{{1,2}}) (?:to )?()(\d{{1,2}})(?![\w/%]|\.\d| ?(?:mm|cm|mg|milli|centi|by|x) ?)",
        _levels,
    ),
    (rf"{_LEVEL}(\d{{1,2}}) to ()(\d{{1,2}})\b", _levels),
    (r"(?<![\w'/-])([ctls]) (\d{1,2})(?=[-\s.,;:)\ue000-\uf8ff/]|$)(?!\.\d)", lambda m: m[1].upper() + m[2]),
    (r"\b([ctls])(\d{1,2})\b(?!\w)", lambda m: m[1].upper() + m[2]),
    (r"\b([TL]\d) weighted\b", r"\1-weighted"),
    (r"\b(proton density|diffusion|susceptibility) weighted\b", r"\1-weighted"),
    # letters with numbers
    (r"\b(?:a 1 ?c|A1C|hba1c)\b", lambda m: "HbA1c" if m[0].lower().startswith("hb") else "A1c"),
    (r"\bb (\d{3,4})\b", r"b\1"),
    (
        r"\bvitamin (b ?(?:1[0-2]|[1-9])|d ?[23]|k ?[12])\b",
        lambda m: f"{m[0][:7]} {m[1].replace(' ', '').upper()}",
    ),
    (r"\b25 (?=hydroxy)", "25-"),
    (r"\bvitamin ([a-ek])\b", lambda m: f"{m[0][:7]} {m[1].upper()}"),
    (r"(?<![\w'])b 12\b", "B12"),
    (r"\bcovid[ -]19\b", "COVID-19"),
    (r"\bc ?o 2\b", "CO2"),
    (r"\b(sp|pa) ?o ?2\b", lambda m: "SpO2" if m[1].lower() == "sp" else "PaO2"),
    (r"\bo 2\b", "O2"),
    (r"\bc ?a (125|19-9)\b", r"CA \1"),
    (r"\bf ?e ?v 1\b", "FEV1"),
    (r"\bfev 1\b", "FEV1"),
    (r"\bcd(4|8|3|20|19)\b", r"CD\1"),
    # scores and grades
    (r"\bchild[ -]pugh( class| score)? ([abc])\b", lambda m: f"Child-Pugh{m[1] or ''} {m[2].upper()}"),
    (r"\b(\d) vessel (?=disease|coronary|cad\b)", r"\1-vessel "),
    (r"\b(\d+) and (\d/\d)(?![\d/])", r"\1 \2"),
    (
        r"\b(BI-RADS|LI-RADS|PI-RADS|TI-RADS|O-RADS|Lung-RADS)( category)? (\d)(?: ?([abc]))?\b",
        lambda m: f"{m[1]}{m[2] or ''} {m[3]}{(m[4] or '').upper()}",
    ),
    (r"\bnyha\b", "NYHA"),
    (r"\b(grade|type|stages?) (\d) ?([abc])\b(?! \w+ly)", lambda m: f"{m[1]} {m[2]}{m[3].upper()}"),
    (
        r"\b(gleason(?: score| grade)?(?: of)?) (\d) plus (\d)(?: (?:equals|is|=) (\d+))?",
        lambda m: f"{m[1]} {m[2]}+{m[3]}" + (f"={m[4]}" if m[4] else ""),
    ),
    (r"\b(\d) plus(?= (?!or\b|minus\b|\d)[a-z]|\s*$|\s*[.,\ue000-\uf8ff])", r"\1+"),
    (r"\b(oriented|x|alert) times (\d)\b", r"\1 x\2"),
    (r"(?<![\w)] )(?<!\d)\b(?:minus|negative) (?=\d+\.\d)", "-"),
    (r"(?<!\d )\bminus (?=\d+ (?:hounsfield|hu\b|diopters?))", "-"),
    (r"\b(hounsfield units? (?:of|is|was) )minus (?=\d)", r"\1-"),
    (r"\b(t[ -]score|z[ -]score)(.{0,12}?) minus (?=\d)", lambda m: f"{m[1][0].upper()}-score{m[2]} -"),
    (r"\b(t|z)[ -]score", lambda m: f"{m[1].upper()}-score"),
    # ranges, dimensions, ratios
    (rf"(?<![\d./-])({_N}) to ({_N})(?![\d:]|\.\d|-year)", _range),
    (rf"\b({_N}) out of (\d+)\b(?! (?:lymph|(?:\w+ ){{0,2}}criteria)\b)", _out_of),
    (r"(?<=\d) / (?=\d)", "/"),
    (
        r"\b(\d+(?:-\d+)?) (?:over|slash) (\d+)\b(?! ?(?:hours?|minutes?|days?|weeks?|months?|seconds?|years?|hr|min)\b)",
        _over,
    ),
    (
        r"(?<=\d) (?:by|times|x) (?=\d+(?:\.\d+)?(?: ?(?:by|times|x) ?\d| ?(?:milli|centi|mm|cm|meter)|\s*(?:[.,\ue000-\uf8ff]|$)))",
        " x ",
    ),
    (rf"\b({_N} (?:milli\w+|centi\w+|mm|cm)) by (?=\d)", r"\1 x "),
    (rf"\b({_N}) by (?={_N}\b)", r"\1 x "),
    (r"\bq\.? ?(\d+) ?(?:h|hours?|hr)\b", r"q\1h"),
    (r"\b(\d+) pack[ -]years? (?=history|smok)", r"\1 pack-year "),
    (r"\b(\d+) degree (?=angle)", r"\1-degree "),
    (r"\b(\d+) pack[ -]years\b", r"\1 pack-years"),
    (
        r"(?<![\d.,:/-])\b(\d+(?:-\d+)?) (day|week|month|year|hour|minute|second) (?=(?:history|course|supply|follow|interval|period|old|urine|infusion|delay|trial|regimen|duration|taper|sample|holter|survival|window|gestation)\w*)",
        r"\1-\2 ",
    ),
)
NERVES = re.compile(
    rf"\b((?:cranial nerves?|CN) )(\d{{1,2}}(?:(?:,? ?(?:through|and|to|or|-),? ?|, )\d{{1,2}}{NOT_MEASURED}(?![\d./]))*)(?![\d./])",
    re.I,
)
AFTER_UNITS = rules(
    (rf"\b({_N})% (?:to|-) ({_N})%", r"\1-\2%"),
    (r"(?<![\w.])\.(\d+)(?= ?(?:mg|mcg|mL|g|cm|mm|%|units|kg|mEq|L)\b)", r"0.\1"),
    (r"\b(\d+(?:\.\d+)?) ?u\b(?!\w)", r"\1 units"),
    (r"\b(\d+(?:\.\d+)?) ?iu\b", r"\1 international units"),
)


def apply(table: Rules, text: str) -> str:
    for pattern, change in table:
        text = pattern.sub(change, text)
    return text
