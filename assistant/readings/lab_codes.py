"""LOINC and UCUM codes of common laboratory results, given only where a row leaves no doubt. Pure.

A LOINC code says more than a name does: mass or amount of substance, which the unit tells, and in what it was
measured. Sodium is measured in serum and in urine, so it has a code only where the row says which; ALT is
measured in serum alone. All else stays text: a wrong code is worse than none. The codes are those that name
no method, since reports seldom print it.

LOINC (http://loinc.org) is © Regenstrief Institute, Inc. and the LOINC Committee, free under its licence.
"""

import re
from dataclasses import dataclass
from typing import Literal, assert_never

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"

System = Literal["blood", "serum", "said serum"]
"""``said serum``: also measured in urine, so the row has to say that it was serum or plasma."""

_UNITS = {
    "mcg/dl": "ug/dL", "mcg/l": "ug/L", "iu/l": "[IU]/L", "miu/l": "m[IU]/L", "miu/ml": "m[IU]/mL",
    "uiu/ml": "u[IU]/mL", "10^3/ul": "10*3/uL", "k/ul": "10*3/uL", "10^9/l": "10*9/L", "10^6/ul": "10*6/uL",
    "10^12/l": "10*12/L", "mm/hr": "mm/h",
} | {
    code.lower(): code
    for code in (
        "g/dL", "g/L", "mg/dL", "mg/L", "ug/dL", "ug/L", "ng/dL", "ng/mL", "ng/L", "pg/mL", "mmol/L",
        "umol/L", "nmol/L", "pmol/L", "meq/L", "U/L", "mU/L", "%", "fL", "pg", "mmol/mol", "mm/h",
    )
}  # fmt: skip
_MEANS_ANOTHER = {"G/L", "T/L", "M/L"}
"""Giga, tera and mega a litre: in small letters they would be grams or metres."""
_DIGITS = str.maketrans("µμ⁰¹²³⁶⁹", "uu012369")


@dataclass(frozen=True, slots=True)
class _Test:
    names: str
    """Separated by commas, in small letters and digits."""
    system: System
    codes: dict[str, str]
    """UCUM units, separated by spaces → LOINC code."""


_TESTS = (
    _Test("hemoglobin, haemoglobin, hgb, hb", "blood", {"g/dL g/L": "718-7"}),
    _Test("hematocrit, haematocrit, hct, pcv", "blood", {"%": "20570-8"}),
    _Test("wbc, wbc count, white blood cells, white blood cell count, leukocytes, leucocytes", "blood",
          {"10*3/uL 10*9/L": "26464-8"}),
    _Test("rbc, rbc count, red blood cells, red blood cell count, erythrocytes", "blood",
          {"10*6/uL 10*12/L": "26453-1"}),
    _Test("platelets, platelet count, plt, thrombocytes", "blood", {"10*3/uL 10*9/L": "26515-7"}),
    _Test("mcv, mean corpuscular volume", "blood", {"fL": "30428-7"}),
    _Test("mch, mean corpuscular hemoglobin", "blood", {"pg": "28539-5"}),
    _Test("mchc, mean corpuscular hemoglobin concentration", "blood", {"g/dL g/L": "28540-3"}),
    _Test("rdw, rdw cv", "blood", {"%": "30385-9"}),
    _Test("esr, erythrocyte sedimentation rate", "blood", {"mm/h": "30341-2"}),
    _Test("hba1c, hb a1c, hemoglobin a1c, haemoglobin a1c, glycated hemoglobin", "blood",
          {"%": "4548-4", "mmol/mol": "59261-8"}),
    _Test("alt, sgpt, alt sgpt, alanine aminotransferase", "serum", {"U/L [IU]/L": "1742-6"}),
    _Test("ast, sgot, ast sgot, aspartate aminotransferase", "serum", {"U/L [IU]/L": "1920-8"}),
    _Test("alp, alkaline phosphatase", "serum", {"U/L [IU]/L": "6768-6"}),
    _Test("ggt, gamma gt, gamma glutamyl transferase", "serum", {"U/L [IU]/L": "2324-2"}),
    _Test("lipase", "serum", {"U/L [IU]/L": "3040-3"}),
    _Test("total bilirubin, bilirubin total", "serum", {"mg/dL": "1975-2", "umol/L": "14631-6"}),
    _Test("crp, c reactive protein", "serum", {"mg/L mg/dL": "1988-5"}),
    _Test("tsh, thyroid stimulating hormone, thyrotropin", "serum", {"m[IU]/L mU/L u[IU]/mL": "3016-3"}),
    _Test("ferritin", "serum", {"ng/mL ug/L": "2276-4"}),
    _Test("cholesterol, total cholesterol, cholesterol total", "serum",
          {"mg/dL": "2093-3", "mmol/L": "14647-2"}),
    _Test("hdl, hdl c, hdl cholesterol", "serum", {"mg/dL": "2085-9", "mmol/L": "14646-4"}),
    _Test("triglycerides, triglyceride", "serum", {"mg/dL": "2571-8", "mmol/L": "14927-8"}),
    _Test("sodium, na", "said serum", {"mmol/L meq/L": "2951-2"}),
    _Test("potassium, k", "said serum", {"mmol/L meq/L": "2823-3"}),
    _Test("chloride, cl", "said serum", {"mmol/L meq/L": "2075-0"}),
    _Test("creatinine", "said serum", {"mg/dL": "2160-0", "umol/L": "14682-9"}),
    _Test("glucose", "said serum", {"mg/dL": "2345-7", "mmol/L": "14749-6"}),
    _Test("urea nitrogen, bun, blood urea nitrogen", "said serum", {"mg/dL": "3094-0"}),
    _Test("urea", "said serum", {"mg/dL": "3091-6", "mmol/L": "22664-7"}),
    _Test("calcium, total calcium, calcium total", "said serum", {"mg/dL": "17861-6", "mmol/L": "2000-8"}),
    _Test("albumin", "said serum", {"g/dL g/L": "1751-7"}),
    _Test("total protein, protein total", "said serum", {"g/dL g/L": "2885-2"}),
)  # fmt: skip
_BY_NAME = {name: test for test in _TESTS for name in test.names.split(", ")}
_SPECIMENS = {"serum", "plasma", "blood"}
_OF_BLOOD = {"blood", "venous", "whole", "edta"}
_OF_SERUM = {"serum", "plasma", "or", "venous", "lithium", "heparin"}


def ucum_of(unit: str) -> str:
    """The UCUM code of a unit as it is printed; empty where that is not sure."""
    text = unit.replace(" ", "")
    if text in _MEANS_ANOTHER:
        return ""
    text = text.lower().translate(_DIGITS).removeprefix("x").removeprefix("×")
    return _UNITS.get(re.sub(r"^10[*^e]?(?=(?:3|6|9|12)/)", "10^", text), "")


def loinc_of(name: str, unit: str, specimen: str) -> str:
    """The LOINC code of a result as it is printed; empty where name, unit and specimen leave a doubt."""
    words = re.findall(r"[a-z0-9]+", name.lower())
    where = set(re.findall(r"[a-z]+", specimen.lower()))
    test = _BY_NAME.get(" ".join(words))
    if test is None:  # "serum sodium", "sodium, plasma"
        where |= _SPECIMENS & set(words)
        test = _BY_NAME.get(" ".join(word for word in words if word not in _SPECIMENS))
    if test is None or not _measured_in(test.system, where):
        return ""
    code = ucum_of(unit)
    return next((loinc for units, loinc in test.codes.items() if code in units.split()), "")


def _measured_in(system: System, where: set[str]) -> bool:
    """Whether the words of a specimen, which may be none, are those of the system."""
    match system:
        case "blood":
            return where <= _OF_BLOOD
        case "serum":
            return where <= _OF_SERUM
        case "said serum":
            return where <= _OF_SERUM and bool(where & {"serum", "plasma"})
        case _:
            assert_never(system)
