"""Capitals: of sentences, labels and list items; of abbreviations and names."""

import re

from assistant.dictation.tokens import table

_UPPER = table(
    "CT MRI HIV COPD EKG ECG ICU GERD UTI TIA DVT CHF CAD BMI WBC RBC INR PTT TSH PSA BUN PRN BID "
    "TID QID NPO PO IV IM MRSA MRA CTA CTPA PET SPECT EEG EMG ERCP MRCP LVEF NSTEMI STEMI CABG "
    "PCI COVID DNA RNA HPV HCV HBV CSF CNS ACL PCL MCL LCL AAA ALT AST GFR EGFR HDL LDL CPAP "
    "BIPAP NSAID NSAIDS ARDS AKI CKD ESRD BPH TURP PICC NG JVD PERRLA EOMI HEENT CABG ACE SSRI TB "
    "ADHD PTSD ALS DNR CPR BP CBC CMP BMP ABG VBG DVTS MRIS PEEP FLAIR DWI ADC STIR PACS HU RUQ "
    "LUQ RLQ LLQ ENT OB NICU LAD RCA MI PE GI GU GCS NIH NYHA PEG LV RV AV CVA ICA MCA ACA FDG "
    "SUV IVC SVC IUD AP PA CN SAH SDH TIPS BKA AKA ORIF PEA VT VF HRCT DEXA PSV SLE RSV LFTS ABGS "
    "EF BMD TAVR LMP VP ASA"
)
UPPER = {word.lower(): word for word in _UPPER} | {
    "egfr": "eGFR", "nsaids": "NSAIDs", "mris": "MRIs", "dvts": "DVTs", "bipap": "BiPAP", "lfts": "LFTs", "abgs": "ABGs",
}  # fmt: skip
NAMES = {
    word.lower(): word
    for word in table(
        "January February April June July August September October November December Monday Tuesday "
        "Wednesday Thursday Friday Saturday Sunday Crohn's Parkinson's Alzheimer's Foley Doppler "
        "Gleason Glasgow Babinski Murphy's McBurney's Baker's Hodgkin Hodgkin's Barrett's Graves' "
        "Hashimoto's Cushing's Addison's Raynaud's Tylenol Lasix Coumadin Lovenox Eliquis Xarelto "
        "Plavix Lipitor Zofran Ativan Bosniak Fleischner Kerley Schmorl's Tarlov Morton's Achilles "
        "French Hounsfield Swan-Ganz Whipple Tesla's English Spanish"
    )
}
LETTERS = {
    spelled.lower(): spelled.replace(" ", "")
    for spelled in table(
        "C T|M R I|H I V|I V|I M|P O|B I D|T I D|Q I D|P R N|N P O|E K G|E C G|E E G|"
        "E M G|C B C|B U N|C O P D|D V T|C H F|C A D|U T I|G E R D|I C U|P S A|T S H|"
        "I N R|P T T|W B C|R B C|M R A|C T A|G F R|B M I|P I C C|C S F|H P V|D N R|C P R|"
        "L V E F|C S F|A C L|A C E|P C P|E N T|C K D|L D L|H D L|A S T|A L T|N S A I D|"
        "S O B|T B|P E|M I|G I|G U|E F|B P|A V|L V|R V|N G|C N|E D|A P|P A|I C A|S I|D M",
        "|",
    )
}
_SPACED = re.compile(
    r"(?<![\w'/-])(" + "|".join(sorted(LETTERS, key=len, reverse=True)) + r")(?![\w'])", re.I
)
_DOTTED = re.compile(r"\b(b\.i\.d|t\.i\.d|q\.i\.d|p\.r\.n|p\.o|i\.v|n\.p\.o)\.?(?=[\s,;]|$)", re.I)
_THREE = re.compile(
    r"(?<![\w'/.-])(?!q o d|a )[a-z](?: [a-z]){2,}(?![\w'])(?! (?:zero|one|two|three|four|five|six|seven|eight|nine|ten|\d)\b(?<=[ctlsCTLS] \w))",
    re.I,
)
_ODD = {"q t c": "QTc", "h c g": "hCG", "t p a": "tPA", "b n p": "BNP"}
_WORD = re.compile(r"(?<![\w/'-])[A-Za-z]+(?:'s|(?<=s)'(?!\w))?(?![\w'])")
_START = re.compile(r"(^|[.?!][\")\]]?\s+|\n+)((?:- |\d+\. |• )?[\"(\[]?)([a-z]+)(?![\w]*[A-Z\d])")
_LABEL = re.compile(
    r"((?:^|[.?!]\s+|\n+)(?:- |\d+\. )?(?!(?:the )?following|as follows|(?:\w+ ){0,3}(?:is|are|was|were|has|had|showed|shows)\b)[A-Za-z][\w/&-]*(?: [\w/&-]+){0,3}:\s+)([a-z]+)(?![\w]*[A-Z\d])",
    re.I,
)
_NOT_ENDS = re.compile(r"(?:\b(?:e\.g|i\.e|vs|approx|etc|Dr|Mr|Mrs|Ms|St|a\.m|p\.m|cf)|\.\.)\.\s+$")
_SMALL = {"mm", "cm", "mg", "mcg", "kg", "pH", "mL"}


def spelled(text: str) -> str:
    """Letters said one by one, joined."""
    text = _DOTTED.sub(lambda m: m.group(1).replace(".", "").upper(), text)
    text = _SPACED.sub(lambda m: LETTERS[m.group(1).lower()], text)
    return _THREE.sub(lambda m: _ODD.get(m[0].lower(), m[0].replace(" ", "").upper()), text)


def known(text: str) -> str:
    """Abbreviations and names as they are written."""

    def word(match: re.Match[str]) -> str:
        found = match.group(0)
        low = found.lower()
        if found.islower():
            if low == "i":
                return "I"
            if low == "ng" and match.string[: match.start()].rstrip(" -")[-1:].isdigit():
                return found  # nanograms, not the tube
            return UPPER.get(low) or NAMES.get(low) or found
        if found[:1].isupper() and found[1:].islower():
            return UPPER.get(low, found)
        return found

    return _WORD.sub(word, text)


def starts(text: str, *, continues: bool = False) -> str:
    """A capital at the start of sentences, lines, list items and behind the colon of a label."""

    def start(match: re.Match[str]) -> str:
        lead, item, word = match.groups()
        if not lead and continues:
            return match.group(0)
        if lead and _NOT_ENDS.search(match.string[: match.start(2)]):
            return match.group(0)
        return lead + item + (word if word in _SMALL else word[0].upper() + word[1:])

    text = _START.sub(start, text)
    return _LABEL.sub(lambda m: m.group(1) + m.group(2)[0].upper() + m.group(2)[1:], text)
