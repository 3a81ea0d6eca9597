"""The reader's knowledge of words: units, labels, signs, marks, and which words must never change. Pure.

None of it is taken from the formatter: the two are written from the same language, not from one table.
"""

from collections.abc import Iterable, Sequence


def _listed(text: str) -> list[str]:
    return text.split()


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _named(text: str) -> dict[str, frozenset[str]]:
    """Lines of ``numbers: words``; a line that goes on has no colon."""
    found: dict[str, frozenset[str]] = {}
    numbers: frozenset[str] = frozenset()
    for line in text.strip().splitlines():
        before, colon, words = line.rpartition(":")
        numbers = _set(before) if colon else numbers
        found |= {word.replace("_", " "): numbers for word in words.split()}
    return found


def _most(text: str) -> dict[str, int]:
    return {word: int(next(iter(numbers))) for word, numbers in _named(text).items()}


# --- number words ---

DIGITS = {word: n for n, word in enumerate(_listed("zero one two three four five six seven eight nine"))}
TEENS = {
    word: n
    for n, word in enumerate(
        _listed("ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"),
        start=10,
    )
}
TENS = {
    word: n * 10
    for n, word in enumerate(_listed("twenty thirty forty fifty sixty seventy eighty ninety"), start=2)
}
SCALES = {"hundred": 100, "thousand": 1000}
ORDINALS = {
    word: n
    for n, word in enumerate(
        _listed(
            "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth "
            "thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
        ),
        start=1,
    )
} | {
    word: n * 10
    for n, word in enumerate(
        _listed("thirtieth fortieth fiftieth sixtieth seventieth eightieth ninetieth hundredth"), start=3
    )
}
DECADES = {
    word: str(n * 10)
    for n, word in enumerate(
        _listed("tens twenties thirties forties fifties sixties seventies eighties nineties"), start=1
    )
}
PARTS = {
    "half": 2, "halves": 2, "third": 3, "thirds": 3, "quarter": 4, "quarters": 4, "fourth": 4, "fourths": 4,
    "fifths": 5, "sixths": 6, "sevenths": 7, "eighth": 8, "eighths": 8, "tenths": 10, "sixteenth": 16,
    "sixteenths": 16,
}  # fmt: skip
GLYPHS = {
    "½": ("1", "2"),
    "¼": ("1", "4"),
    "¾": ("3", "4"),
    "⅓": ("1", "3"),
    "⅔": ("2", "3"),
    "⅛": ("1", "8"),
}
NOUGHT = _set("oh o")
POINT = _set("point decimal")
ROMAN = {
    word: str(n)
    for n, word in enumerate(
        _listed("i ii iii iv v vi vii viii ix x xi xii xiii xiv xv xvi xvii xviii xix xx"), start=1
    )
}
MONTHS = {
    word: n
    for n, word in enumerate(
        _listed("january february march april may june july august september october november december"),
        start=1,
    )
}

# --- units: written form to the ways of saying it ---

_UNITS: dict[str, str] = {
    "mg": "milligram|milligrams|milli gram|milli grams|mgs|mg",
    "mcg": "microgram|micrograms|micro gram|micro grams|mcg|µg|μg|ug",
    "ng": "nanogram|nanograms|ng",
    "pg": "picogram|picograms|pg",
    "kg": "kilogram|kilograms|kilo|kilos|kg|kgs",
    "g": "gram|grams|g|gm|gms",
    "ml": "milliliter|milliliters|millilitre|millilitres|ml|mls",
    "dl": "deciliter|deciliters|decilitre|decilitres|dl",
    "mcl": "microliter|microliters|microlitre|microlitres|mcl|µl|μl|ul",
    "l": "liter|liters|litre|litres|l",
    "mmhg": "millimeters of mercury|millimeter of mercury|millimetres of mercury|mm hg|mmhg",
    "cm h 2 o": "centimeters of water|centimeter of water|centimeters water|cm of water|cm h 2 o|cm h2o",
    
    "cm 3": "cubic centimeter|cubic centimeters|centimeters cubed|centimeter cubed|cm cubed|cm 3|cm ³|cc|ccs",
    "cm 2": "square centimeter|square centimeters|centimeters squared|cm squared|cm 2|cm ²",
    "mm 3": "cubic millimeter|cubic millimeters|mm 3|mm ³",
    "mm 2": "square millimeter|square millimeters|millimeters squared|mm 2|mm ²",
    "m 2": "square meter|square meters|meter squared|meters squared|square metre|square metres|m 2|m ²",
    "cm": "centimeter|centimeters|centimetre|centimetres|centi meter|centi meters|cm|cms",
    "mm": "millimeter|millimeters|millimetre|millimetres|milli meter|milli meters|mm|mms",
    "km": "kilometer|kilometers|km",
    "m": "meter|meters|metre|metres|m",
    "mcm": "micron|microns|micrometer|micrometers|µm|μm|mcm",
    "meq": "milliequivalent|milliequivalents|milli equivalents|meq|meqs",
    "mmol": "millimole|millimoles|mmol|mmols",
    "mcmol": "micromole|micromoles|mcmol|µmol|μmol",
    "mosm": "milliosmole|milliosmoles|mosm",
    "cgy": "centigray|centigrays|cgy",
    "gy": "gray|grays|gy",
    "mci": "millicurie|millicuries|mci",
    "hu": "hounsfield unit|hounsfield units|hu",
    "mhz": "megahertz|mega hertz|mhz",
    "hz": "hertz|hz",
    "ms": "millisecond|milliseconds|msec|msecs|ms",
    "ma": "milliampere|milliamperes|milliamp|milliamps|ma",
    "mv": "millivolt|millivolts|mv",
    "j": "joule|joules|j",
    "° c": "degrees celsius|degree celsius|degrees centigrade|degrees c|celsius|centigrade|° c|° celsius",
    "° f": "degrees fahrenheit|degree fahrenheit|degrees f|fahrenheit|° f|° fahrenheit",
    "°": "degree|degrees|°",
    "%": "percent|per cent|%",
    "units": "unit|units|u",
    "international units": "international unit|international units|iu",
    "min": "minute|minutes|min|mins",
    "h": "hour|hours|h|hr|hrs",
    "d": "day|days|d",
    "wk": "week|weeks|wk|wks",
    "mo": "month|months|mo|mos",
    "yr": "year|years|yr|yrs",
    "s": "second|seconds|sec|secs|s",
    "in": "inch|inches|in|\"",
    "ft": "foot|feet|ft|'",
    "lb": "pound|pounds|lb|lbs",
    "oz": "ounce|ounces|oz",
    "fr": "french|fr",
    "g.": "gauge|ga|g",
    "mets": "mets|metabolic equivalents",
    "bpm": "beats per minute|bpm",
    "d.": "diopter|diopters|d",
    "dose": "dose|doses",
}  # fmt: skip
UNITS: dict[tuple[str, ...], tuple[str, ...]] = {}
"""Tokens of a unit, said or written, to the units that they can be."""
for _unit, _ways in _UNITS.items():
    for _way in _ways.split("|"):
        _key = tuple(_way.split())
        UNITS[_key] = (*UNITS.get(_key, ()), _unit)
LONGEST_UNIT = max(map(len, UNITS))
UNIT_BEGINS = frozenset(key[0] for key in UNITS) - _set("in d s m g l")
FORMS = _set(
    "tablet tablets tab tabs capsule capsules cap caps pill pills vial vials patch patches ampule "
    "ampules puff puffs dose doses suppository suppositories lozenge lozenges syringe syringes bag bags "
    "bottle bottles packet packets strip strips film films drop drops spray sprays injection injections "
    "bolus boluses coil coils stent stents"
)
"""Forms that a dose comes in: "two fifty milligram tablets"."""
COUNTED = FORMS | _set(
    "day days week weeks month months year years hour hours minute minutes second seconds times beats "
    "breaths cigarettes drinks beers packs pack fractions cycles sessions units unit inch inches feet "
    "foot pounds ounces degrees cc"
)
UNIT_WORDS = (UNIT_BEGINS | COUNTED) - {"'", '"'}

# --- labels: words that take the number behind them; the greatest number they take ---

LABELS = _most(
    """
    3: trimester
    4: mallampati bosniak nyha fuhrman
    5: stage stages tanner ecog pirads tirads
    6: rads fitzpatrick asa birads lirads
    9: level levels grade grades class category
    10: gleason
    12: zone zones nerve nerves
    13: factor
    14: station stations
    20: segment segments type types step gravida group scale
    30: part
    33: vertebra vertebrae
    60: week weeks cycle cycles
    99: day days
    999: series score
    2000: image images slice slices
    3000: frame
    9999: para room
    1000000000000000: number
    11: foot feet
    """
)
"""Words that take the number behind them; the greatest number that each takes."""
BARE_LABELS = _most(
    """
    4: phase
    5: finger fingers digit digits toe ray
    9: compartment arm
    12: rib ribs lead leads
    20: tube drain
    30: port mass site fragment polyp cyst course node
    60: dose
    99: bed lesion lesions nodule nodules fraction visit specimen sample trial
    """
)
"""Nouns that also stand without a number: what is behind them may be a measure of theirs."""
ROMAN_LABELS = _set(
    "grade grades stage stages type types class phase segment segments nerve nerves zone zones lead "
    "leads level levels factor mobitz nyha fort bosniak harris category mallampati asa fitzpatrick "
    "lefort cn angle part bethesda degree"
    " chiari bipolar schatzker rockwood frykman garden neer crps hypersensitivity"
)
FIXED = _named(
    """
    1: fev glp pd pdl
    1 2: vitamin_k beta alpha cox
    1 2 3 4: s
    1 2 3 6 12: vitamin_b
    1 2 6 8 10: interleukin
    15 19 27 125 153 199: ca
    19: covid
    2: spo sao pao fio pco paco etco co po her vo h sglt cha o ps
    2 3: vitamin_d
    2 7: gad
    2 9: phq
    3: hco omega
    3 4: free_t total_t
    3 4 8 10 19 20 30 34 45 56 117 138: cd
    4: so
    5 10 50: d
    67: ki
    """
)
"""Names that end in a number: the letters in front of it, and the numbers they can have."""
SPINE = {"c": 8, "t": 12, "l": 6, "s": 5}
AFTER_LEVEL = {"c": 7, "t": 12, "l": 5, "s": 5}

# --- marks ---

_MARKS: dict[tuple[str, ...], str] = {
    (".",): "period|full stop|dot",
    (",",): "comma",
    (":",): "colon",
    (";",): "semicolon|semi colon",
    ("?",): "question mark",
    ("!",): "exclamation point|exclamation mark",
    ("(",): "open paren|open parens|open parenthesis|open parentheses|left paren|left parenthesis",
    (")",): "close paren|close parens|close parenthesis|close parentheses|closed paren|right paren|"
    "right parenthesis",
    ("[",): "open bracket|left bracket",
    ("]",): "close bracket|right bracket",
    ('"',): "open quote|open quotes|begin quote|close quote|close quotes|end quote|end quotes|unquote|quote",
    ("-",): "hyphen",
    ("-", "–", "\n-"): "dash",
    ("/",): "slash|forward slash",
    ("...", "…"): "ellipsis",
    ("&",): "ampersand",
    ("-", "\n-", "•", "\n•"): "bullet|bullet point|next bullet|new bullet",
    ("\n", "\n\n"): "new line|newline|next line",
    ("\n\n", "\n"): "new paragraph|next paragraph",
    ("'",): "apostrophe",
}
MARKS: dict[tuple[str, ...], tuple[tuple[str, ...], ...]] = {
    tuple(said.split()): tuple(tuple(mark) for mark in marks)
    for marks, every in _MARKS.items()
    for said in every.split("|")
}
MARK_BEGINS = frozenset(key[0] for key in MARKS)
ENDING = frozenset(".,:;?!\n")
DROPPED = frozenset(".,:;?!\n\"{}[]'")
"""Marks that a recogniser writes by itself."""
_COLON_BEFORE = _set(
    "ascending descending transverse sigmoid entire right left proximal distal redundant spastic "
    "remaining within throughout in of the and or to from with my his her their this that a whole "
    "visualized visualised decompressed rectosigmoid cathartic toxic mid hepatic splenic pelvic bowel "
    "intestine rectum cecum pan total large upper lower rest"
)
_COLON_AFTER = _set(
    "cancer cancers carcinoma adenocarcinoma polyp polyps polypectomy was are has had appears wall "
    "resection with without from screening surgery interposition resections perforation diverticula "
    "contains remains appear tumor tumors lesion is and demonstrates shows which mass"
)
SHARES = _set(
    "ejection shortening regurgitant filtration shunt emptying fat blast growth mb cell phase oxygen shedding"
)
"""Nouns that a fraction is of, so that no number of one of many follows it."""
LETTERED = _set("influenza hepatitis vitamin type group grade stage class factor category strep")
"""Names that end in a letter: the "a" behind them is no article."""
LABEL_WORDS = _set(
    "impression findings indication technique comparison history allergies medications plan assessment "
    "lungs heart abdomen pelvis exam examination procedure diagnosis diagnoses conclusion recommendation "
    "recommendations addendum"
)
_NOUN_BEFORE: dict[str, frozenset[str]] = {
    "period": _set(
        "postoperative operative preoperative perioperative intraoperative incubation menstrual latent "
        "latency refractory grace neonatal postpartum antepartum perinatal peripartum recovery washout "
        "interim window waiting observation"
    ),
    "new line": _set("a the central picc another arterial"),
    "comma": _set("inverted"),
    "full stop": _set("a complete"),
    "bullet": _set("a the retained"),
    "dash": _set("yard meter"),
}
_SPANS = _set("second minute hour day week month year")
_ARTICLES = _set("a an the this that each every one's")
_COUNTS = DIGITS.keys() | TEENS.keys() | TENS.keys() | SCALES.keys() | _set("and to or half")
_NOUN_AFTER: dict[str, frozenset[str]] = {
    "bullet": _set("wound wounds fragment fragments"),
    "new line": _set("of placement"),
}


def is_span(before: Sequence[str]) -> bool:
    """Whether "period" behind these words is a span of time: "over a two second …", "the 24 hour …"."""
    if len(before) < 3 or before[-1] not in _SPANS:
        return False
    at = len(before) - 2
    while at >= 0 and (before[at] in _COUNTS or before[at][:1].isdigit()):
        at -= 1
    return 0 <= at < len(before) - 2 and before[at] in _ARTICLES


def is_noun(mark: str, before: str, after: str) -> bool:
    """Whether a word that can be a mark must be a word: it names a thing."""
    if mark == "colon":
        return (before in _COLON_BEFORE or after in _COLON_AFTER) and before not in LABEL_WORDS
    return before in _NOUN_BEFORE.get(mark, ()) or after in _NOUN_AFTER.get(mark, ())


# --- other forms of the same ---


def _pairs(lines: Iterable[str]) -> dict[str, tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]]:
    found: dict[str, list[tuple[tuple[str, ...], tuple[str, ...]]]] = {}
    for line in lines:
        said, _, written = line.partition(" = ")
        key = tuple(said.split())
        found.setdefault(key[0], []).append((key, tuple(written.split())))
    return {first: tuple(pairs) for first, pairs in found.items()}


SAME = _pairs(
    """plus or minus = + / -
plus or minus = ±
plus slash minus = + / -
plus minus = + / -
plus minus = ±
greater than or equal to = ≥
less than or equal to = ≤
greater than = >
less than = <
plus = +
equals = =
is = =
equal = =
at = @
degrees = °
degree = °
pound sign = #
number = #
approximately = ~
q d = daily
qd = daily
q o d = every other day
qod = every other day
mso 4 = morphine sulfate
m s o 4 = morphine sulfate
m s o four = morphine sulfate
mgso 4 = magnesium sulfate
m g s o four = magnesium sulfate
m g s o 4 = magnesium sulfate
by rads = bi - rads
birads = bi - rads
birad = bi - rad
bi rad = bi - rad
lirads = li - rads
pirads = pi - rads
tirads = ti - rads
per cent = %
gravida = g
para = p
a 1 c = a 1 c
o clock = o'clock
oclock = o'clock
ok = okay
okay = ok
versus = vs
versus = vs .
french = fr""".splitlines()
)
"""Said, and what may be written for it, wherever it stands."""
BETWEEN: dict[str, tuple[str, ...]] = {
    "to": ("-", "–"),
    "through": ("-", "–"),
    "thru": ("-", "–"),
    "dash": ("-", "–"),
    "hyphen": ("-",),
    "by": ("x", "×"),
    "times": ("x", "×"),
    "x": ("x", "×"),
    "over": ("/",),
    "slash": ("/",),
    "per": ("/",),
    "point": (".",),
    "and": ("&",),
    "colon": (":",),
}
"""Between two numbers (or a number and a unit): said, and the signs for it."""

SIDES = _set(
    "left right bilateral bilaterally unilateral unilaterally ipsilateral contralateral leftward "
    "rightward both either"
)
NEGATIONS = _set(
    "no not without denies deny denied denying negative never none nor neither cannot absent absence "
    "free unremarkable non nothing"
)
DRUGS = _set(
    "acetaminophen albuterol alendronate allopurinol alprazolam amiodarone amitriptyline amlodipine "
    "amoxicillin apixaban aspirin atenolol atorvastatin azathioprine azithromycin baclofen bisoprolol "
    "budesonide bupropion buspirone candesartan captopril carbamazepine carboplatin carvedilol cefazolin "
    "cefepime ceftriaxone celecoxib cephalexin cetirizine ciprofloxacin cisplatin citalopram clavulanate "
    "clindamycin clonazepam clonidine clopidogrel codeine colchicine cyclobenzaprine cyclophosphamide "
    "dabigatran dapagliflozin dexamethasone diazepam diclofenac digoxin diltiazem diphenhydramine "
    "docusate donepezil doxazosin doxycycline duloxetine empagliflozin enalapril enoxaparin epinephrine "
    "ertapenem erythromycin escitalopram esomeprazole estradiol etoposide ezetimibe famotidine fentanyl "
    "ferrous finasteride fluconazole fluoxetine fluticasone folic fosinopril furosemide gabapentin "
    "gemcitabine gentamicin glargine glimepiride glipizide glyburide guaifenesin haloperidol heparin "
    "hydralazine hydrochlorothiazide hydrocodone hydrocortisone hydromorphone hydroxychloroquine "
    "hydroxyzine ibuprofen imatinib insulin ipratropium irbesartan isosorbide ketamine ketorolac "
    "labetalol lamotrigine lansoprazole latanoprost letrozole levetiracetam levofloxacin levothyroxine "
    "lidocaine linezolid liraglutide lisinopril lispro lithium loperamide loratadine lorazepam losartan "
    "lovastatin magnesium meloxicam memantine meropenem metformin methadone methotrexate "
    "methylprednisolone metoclopramide metoprolol metronidazole midazolam mirtazapine montelukast "
    "morphine mycophenolate naloxone naproxen nifedipine nitrofurantoin nitroglycerin norepinephrine "
    "nortriptyline olanzapine olmesartan omeprazole ondansetron oseltamivir oxybutynin oxycodone "
    "oxytocin paclitaxel pantoprazole paroxetine penicillin phenytoin pioglitazone piperacillin "
    "potassium pravastatin prednisolone prednisone pregabalin prochlorperazine promethazine propofol "
    "propranolol quetiapine quinapril ramipril ranitidine risperidone rituximab rivaroxaban rosuvastatin "
    "sacubitril semaglutide senna sertraline sildenafil simvastatin sitagliptin sotalol spironolactone "
    "sulfamethoxazole sumatriptan tacrolimus tamoxifen tamsulosin tazobactam telmisartan tetracycline "
    "tiotropium tizanidine topiramate torsemide tramadol trastuzumab trazodone triamcinolone "
    "trimethoprim valacyclovir valproate valsartan vancomycin vasopressin venlafaxine verapamil vitamin "
    "warfarin zolpidem"
)
"""For the name of an alarm only: every word is compared, a drug or not."""

# --- the word "point" ---

POINT_BEFORE = _set(
    "time the that this some which each any no every another last first second entry exit trigger starting "
    "end ending bleeding midclavicular pressure set turning focal tender maximal lowest highest high low "
    "reference boiling melting case data injection insertion insertion-site needle puncture mcburney's "
    "erb's mid pivot contact branch branching transition lead attachment access drop nadir cut zero"
)
"""In front of it "point" is a thing or a time."""
POINT_DOUBTFUL = _set("the each to every no")
"""In front of it, "point five" may still be half of one."""
