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
    "EF BMD TAVR LMP VP ASA RVSP NSVT SVT AVNRT ABI TIMI BPD AFI GBS TPN MRN IOP CMV EBV LBBB RBBB DKA HHS MOCA "
    "PTH FEV FVC DLCO ERCP LDH CRP ESR ANA NKDA PACU PFT PFTS TTE TEE ECMO IVIG DCIS LCIS"
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
        "French Hounsfield Swan-Ganz Whipple Tesla's English Spanish Leiden Chiari Mobitz Killip Apgar Bentson Amplatz Kocher Billroth Ringer's Dr Mr Mrs"
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
_DOTTED = re.compile(r"\b(b\.i\.d|t\.i\.d|q\.i\.d|p\.r\.n|p\.o|i\.v|n\.p\.o)\.?(?=[\s,;]|$)", re.I)
_RUN = re.compile(r"(?<![\w'/.-])[a-z](?: [a-z])+(?![\w'])", re.I)
_MORE_LETTERS = table(
    "I V I G|F E V|F V C|D L C O|I V C|S V C|A B G|V B G|C M P|B M P|L F T S|L F T|T I A|C V A|S A H|S D H|A K I|"
    "E S R D|E S R|C R P|A N A|A L S|A D L S|P F T S|P F T|C P A P|P E E P|S I M V|E C M O|T E E|T T E|M R C P|E R C P|"
    "N I C U|P I C U|M I C U|C C U|O R|E R|P A C U|P O D|D O B|M R N|N K D A|R O M|D T R S|P E R R L A|E O M I|H E E N T|"
    "J V D|C V P|P V C S|P A C S|S V T|A F I B|L A D|R C A|L C X|P C I|C A B G|T A V R|L B B B|R B B B|Q R S|P R|S T|"
    "A V F|A V L|A V R|B P H|T U R P|H S V|C M V|E B V|R S V|M R S A|V R E|H B S A G|H C V|H B V|T B|S T D|S T I|P I D|"
    "I U D|I U P|I U G R|L M P|E G A|N S V D|V B A C|G B S|A F I|B P P|D N I|C P K|M B|B I P A P|E G D|N S T|O C P|D C I S|L C I S|E R|P R|A D H D|O C D|"
    "P T S D|G A D|P H Q|E C T|S S R I|S N R I|O D|O S|O U|I O P|A R M D|P R K|R A P D|V F|C D|A C|P C|H S|Q H S|Q A M|"
    "Q P M|S Q|S L|P R|N S|L R|D K A|H H S|T P N|G F R|A C T H|F S H|L H|T S H|P T H|I G F|D H E A|C P K|C K|L D H|G G T|"
    "A F P|C E A|R F|C C P|S P E P|U P E P|A D C|D W I|S T I R|P D|F D G|S U V|B I|C O|D S|X R|S R|X L|P N D|D O E|C P|H P I|R O S|P M H",
    "|",
)
LETTERS |= {spelled.lower(): spelled.replace(" ", "") for spelled in _MORE_LETTERS}
_ODD = {
    "q t c": "QTc", "h c g": "hCG", "t p a": "tPA", "b n p": "BNP", "a v f": "aVF", "a v l": "aVL", "a v r": "aVR",
    "a f i b": "AFib", "h b s a g": "HBsAg", "l f t s": "LFTs", "p f t s": "PFTs", "a d l s": "ADLs", "d t r s": "DTRs",
    "p v c s": "PVCs", "p a c s": "PACs", "n s a i d s": "NSAIDs", "c b c s": "CBCs", "q h s": "qHS", "m r i s": "MRIs",
    "c t s": "CTs", "b i p a p": "BiPAP",
}  # fmt: skip
LETTERS |= _ODD
_COUNT = frozenset(table("zero one two three four five six seven eight nine ten eleven twelve"))
_NOT_IN_RUN = frozenset(("o d", "a v", "p r", "o r", "e r", "s i", "a p"))
"""Pairs that stand for something by themselves, but are no part of a longer run."""
_WORD = re.compile(r"(?<![\w/'-])[A-Za-z]+(?:'s|(?<=s)'(?!\w))?(?![\w'])")
_START = re.compile(r"(^|[.?!][\")\]]?\s+|\n+)((?:- |\d+\. |• )?[\"(\[]?)([a-z]+)(?![\w]*[A-Z\d])")
_LABEL = re.compile(
    r"((?:^|[.?!]\s+|\n+)(?:- |\d+\. )?(?!(?:the )?following|as follows|(?:\w+ ){0,3}(?:is|are|was|were|has|had|showed|shows)\b)[A-Za-z][\w/&-]*(?: [\w/&-]+){0,3}:[ \t]+)([a-z]+)(?![\w]*[A-Z\d])",
    re.I,
)
_NOT_ENDS = re.compile(r"(?:\b(?:e\.g|i\.e|vs|approx|etc|Dr|Mr|Mrs|Ms|St|a\.m|p\.m|cf)|\.\.)\.\s+$")
_SMALL = {"mm", "cm", "mg", "mcg", "kg", "pH", "mL"}


def spelled(text: str) -> str:
    """Letters said one by one, joined."""
    text = _DOTTED.sub(lambda m: m.group(1).replace(".", "").upper(), text)
    return _RUN.sub(_run, text)


def _run(match: re.Match[str]) -> str:
    letters = match[0].split()
    behind = match.string[match.end() :].split()[:1]
    number = bool(behind) and (behind[0].lower() in _COUNT or behind[0][:1].isdigit())
    before, after = "", ""
    if number and letters[-1].lower() in "ctlsbdgpnhqxy" and " ".join(letters).lower() not in LETTERS:
        after = f" {letters.pop()}"  # "c t l four" keeps the letter of its number
    if len(letters) > 1 and letters[0].lower() == "a" and not _written(letters) and _written(letters[1:]):
        before = f"{letters.pop(0)} "  # "a c t scan"
    if len(letters) == 1:
        return match[0]
    if written := _written(letters):
        return before + written + after
    if len(letters) == 2 or " ".join(letters).lower() in ("q o d",):
        return match[0]
    if (known := _written(letters[:-1])) and letters[-1].lower() in "ctl":  # "m r i c spine"
        return f"{before}{known} {letters[-1].upper()}{after}"
    return before + "".join(letters).upper() + after


def _written(letters: list[str]) -> str | None:
    """A run of letters as the abbreviations that it is made of, the fewest; None if something is left over."""
    best: list[list[str] | None] = [[]] + [None] * len(letters)
    for end in range(1, len(letters) + 1):
        for start in range(end):
            head, spelled = best[start], " ".join(letters[start:end]).lower()
            if head is None or spelled not in LETTERS or (len(letters) > 2 and spelled in _NOT_IN_RUN):
                continue
            known = best[end]
            if known is None or len(head) + 1 < len(known):
                best[end] = [*head, LETTERS[spelled]]
    found = best[-1]
    return " ".join(found) if found else None


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
