"""What formatting must never change: numbers, sides, negations and drug names.

Numbers are compared as the stream of their digits in order, however they are written: "one twenty over
eighty" and "120/80" both are 12080. Sides, negations and drugs are compared as the words in order.
"""

import re

from assistant.dictation.spoken_digits import ORDINALS, WORDS, write_numbers
from assistant.dictation.tokens import table

ROMANS = {
    "I": 1, "II": 2, "III": 3, "IV": 4, "V": 5, "VI": 6, "VII": 7, "VIII": 8, "IX": 9, "X": 10, "XI": 11, "XII": 12,
}  # fmt: skip
SIDES = re.compile(
    r"\b(left|right|bilateral(?:ly)?|unilateral(?:ly)?|ipsilateral|contralateral)(?! (?:paren|bracket))", re.I
)
NEGATIONS = re.compile(
    r"\b(no|not|without|den(?:y|ies|ied|ying)|negative|never|none|nor|neither|cannot|absent|absence|free|"
    r"unremarkable|non(?=[ -])|\w+n['’]t)\b",
    re.I,
)
DRUGS = frozenset(
    table(
        "acetaminophen albuterol alendronate allopurinol alprazolam amiodarone amitriptyline "
        "amlodipine amoxicillin apixaban aspirin atenolol atorvastatin azathioprine azithromycin "
        "baclofen bisoprolol budesonide bupropion buspirone candesartan captopril carbamazepine "
        "carboplatin carvedilol cefazolin cefepime ceftriaxone celecoxib cephalexin cetirizine "
        "ciprofloxacin cisplatin citalopram clavulanate clindamycin clonazepam clonidine clopidogrel "
        "codeine colchicine cyclobenzaprine cyclophosphamide dabigatran dapagliflozin dexamethasone "
        "diazepam diclofenac digoxin diltiazem diphenhydramine docusate donepezil doxazosin "
        "doxycycline duloxetine empagliflozin enalapril enoxaparin epinephrine ertapenem erythromycin "
        "escitalopram esomeprazole estradiol etoposide ezetimibe famotidine fentanyl ferrous "
        "finasteride fluconazole fluoxetine fluticasone folic fosinopril furosemide gabapentin "
        "gemcitabine gentamicin glargine glimepiride glipizide glyburide guaifenesin haloperidol "
        "heparin hydralazine hydrochlorothiazide hydrocodone hydrocortisone hydromorphone "
        "hydroxychloroquine hydroxyzine ibuprofen imatinib insulin ipratropium irbesartan isosorbide "
        "ketamine ketorolac labetalol lamotrigine lansoprazole latanoprost letrozole levetiracetam "
        "levofloxacin levothyroxine lidocaine linezolid liraglutide lisinopril lispro lithium "
        "loperamide loratadine lorazepam losartan lovastatin magnesium meloxicam memantine meropenem "
        "metformin methadone methotrexate methylprednisolone metoclopramide metoprolol metronidazole "
        "midazolam mirtazapine montelukast morphine mycophenolate naloxone naproxen nifedipine "
        "nitrofurantoin nitroglycerin norepinephrine nortriptyline olanzapine olmesartan omeprazole "
        "ondansetron oseltamivir oxybutynin oxycodone oxytocin paclitaxel pantoprazole paroxetine "
        "penicillin phenytoin pioglitazone piperacillin potassium pravastatin prednisolone prednisone "
        "pregabalin prochlorperazine promethazine propofol propranolol quetiapine quinapril ramipril "
        "ranitidine risperidone rituximab rivaroxaban rosuvastatin sacubitril semaglutide senna "
        "sertraline sildenafil simvastatin sitagliptin sotalol spironolactone sulfamethoxazole "
        "sumatriptan tacrolimus tamoxifen tamsulosin tazobactam telmisartan tetracycline tiotropium "
        "tizanidine topiramate torsemide tramadol trastuzumab trazodone triamcinolone trimethoprim "
        "valacyclovir valproate valsartan vancomycin vasopressin venlafaxine verapamil vitamin "
        "warfarin zolpidem"
    )
)
_ROMAN = re.compile(
    r"((?i:\b(?:stages?|nerves?|CN|class|Bosniak|Le Fort(?: type)?|Salter-Harris(?: type)?|type|grade|through|and|to|or)|-|,))([ -]?)"
    r"(VIII|VII|III|XII|VI|IV|II|IX|XI|X|V|I)(?=[A-F]?\d?\b)"
)
_HALF = re.compile(r"\band (?:a|one) half\b|\band 1/2\b", re.I)
_FRACTIONS = (
    (re.compile(r"\b(one|1)[ -]half\b", re.I), "1/2"),
    (re.compile(r"\b(\w+)[ -](?:quarter|fourth)s?\b", re.I), r"\1 4"),
    (re.compile(r"\bthirds\b", re.I), "3"),
    (re.compile(r"\bfifths\b", re.I), "5"),
    (re.compile(r"\bsevenths\b", re.I), "7"),
    (re.compile(r"\beighths\b", re.I), "8"),
)
_NUMBER = re.compile(r"\d+(?:\.\d+)?|(?<!\d)\.\d+")
_SAFE = {"MSO4": "morphine sulfate", "MgSO4": "magnesium sulfate"}


def _value(text: str) -> str:
    if "." in text:
        text = text.rstrip("0").rstrip(".")
        return text.lstrip("0") or "0"
    return text


def digits(text: str) -> str:
    """All numbers of ``text``, spoken, roman or written, as one stream of digits."""
    for short, name in _SAFE.items():
        text = text.replace(short, name)
    text = re.sub(r"\b(m (?:g )?s o) (?:four|4)\b", r"\1", text, flags=re.I)
    text = re.sub(r"\b(\d{1,2}):00(?= ?[AP]M\b)", r"\1", text)
    text = re.sub(r"\b(\w*O|H|cm H)([23])\b", r"\1 \2", text)
    for _ in range(2):
        text = _ROMAN.sub(lambda m: f"{m.group(1)}{m.group(2)}{ROMANS[m.group(3)]} ", text)
    text = _FRACTIONS[0][0].sub("1/2", text)
    text = _HALF.sub("point five", text)
    text = re.sub(r"\b(\d+)(?:st|nd|rd|th)\b", r"\1", text)
    for pattern, written in _FRACTIONS[1:]:
        text = pattern.sub(written, text)
    text = write_numbers(text, lambda *_: True)
    text = re.sub(r"\b(?:cm|mm|m)[23]\b|\bH2O\b", "", text)
    text = re.sub(r"\bsquared?\b|\bcubed?\b|\bcubic\b", "", text)
    return " ".join(_value(number) for number in _NUMBER.findall(text)).replace(" ", "")


def _words(pattern: re.Pattern[str], text: str) -> list[str]:
    return [found.lower() for found in pattern.findall(text)]


def _drugs(text: str) -> list[str]:
    for short, name in _SAFE.items():
        text = text.replace(short, name)
    return [word for word in re.findall(r"[a-z]+", text.lower()) if word in DRUGS]


def differences(before: str, after: str) -> tuple[str, ...]:
    """Which of "numbers", "sides", "negations" and "drugs" differ between two texts; none if all is well."""
    found = []
    if digits(before) != digits(after):
        found.append("numbers")
    if _words(SIDES, before) != _words(SIDES, after):
        found.append("sides")
    if _words(NEGATIONS, before) != _words(NEGATIONS, after):
        found.append("negations")
    if _drugs(before) != _drugs(after):
        found.append("drugs")
    return tuple(found)


__all__ = ["DRUGS", "ORDINALS", "WORDS", "differences", "digits"]
