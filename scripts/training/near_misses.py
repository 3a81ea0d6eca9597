#!/usr/bin/env python
"""Writes what near misses are found with: assistant/dictation/data/terms.txt and known_words.txt.xz.

The terms are the words of the drugs, places and findings in hearing/terms.txt and lasr/lexicon.py that are
not everyday English, which recognisers know; the known words are those of every list there, the names below,
and English dictionaries (Debian: wamerican-large, wamerican-small and wbritish-large). Same files every time.
"""

import argparse
import lzma
import re
from collections.abc import Iterable
from pathlib import Path

from hearing.terms import own
from training.lasr import lexicon

OUT = Path(__file__).resolve().parents[2] / "assistant/dictation/data"
DICTIONARIES = Path("/usr/share/dict")
SHORTEST_TERM = 6
"""Letters; shorter words are one mishearing away from too many others."""
DRUGS_OF_EVERY_DAY = """
amphetamine aspirin calcium insulin lithium magnesium morphine penicillin potassium
"""
NOT_DRUGS = "lactated ringer toxoid"
SHORTEST_FINDING = 9
"""Findings are not offered. They keep one from being taken for a place: "new methorax" for hemithorax."""
BRANDS = """
advil aleve ambien ativan augmentin bactrim benadryl betadine botox celebrex cialis cipro claritin colace
coumadin cozaar crestor cymbalta demerol dilantin dilaudid diovan duoneb effexor eliquis flexeril flomax
flonase fosamax glucophage glucotrol haldol humalog imdur imodium inderal januvia kenalog keflex keppra
klonopin lamictal lantus lasix levaquin levemir lexapro lipitor lopressor lovenox lyrica macrobid marcaine
medrol metamucil miralax mobic monocryl motrin naprosyn neurontin nexium norco norvasc novolog orencia
oxycontin paxil pepcid percocet phenergan pitocin plaquenil plavix pravachol prevacid prilosec prinivil
procardia prolene protonix prozac reglan remeron risperdal ritalin robaxin rocephin seroquel singulair
skelaxin solumedrol spiriva synthroid tenormin toprol toradol tricor trileptal tylenol ultram valium valtrex
vasotec ventolin viagra vicodin vicryl voltaren wellbutrin xanax xarelto zantac zestril zithromax zocor
zofran zoloft zosyn zyprexa zyrtec
"""
MORE = """
glucosamine chondroitin gelfoam dermabond ethibond ethicon steristrips coracoclavicular infraspinatus
supraspinatus subscapularis hypopharynx hypopharyngeal midaxillary statin statins intra inter peri para
midclavicular meatal perianal periurethral sternal labral adnexal ureteral trifurcation endometritis
"""
"""Words that no list has."""


def _words(phrases: Iterable[str]) -> set[str]:
    return {word for phrase in phrases for word in re.findall(r"[a-z]+", phrase.lower())}


def _of_kind(lists: dict[str, list[str]], ending: str) -> list[str]:
    return [phrase for name, phrases in lists.items() if name.endswith(ending) for phrase in phrases]


def _dictionary(path: Path) -> set[str]:
    words = {line.strip().lower() for line in path.read_text(encoding="utf-8").splitlines()}
    return {word for word in words if re.fullmatch(r"[a-z]{3,}", word)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dictionaries", nargs="?", type=Path, default=DICTIONARIES, help="a folder")
    args = parser.parse_args()
    lists = own()
    drugs = _words([*lists["drug"], *lexicon.DRUGS, BRANDS]) - _words([NOT_DRUGS])
    places = _words([*lexicon.ANATOMY, *lists["anatomy"], *_of_kind(lists, "_place")])
    everyday = _dictionary(args.dictionaries / "american-english-small")
    english = _dictionary(args.dictionaries / "american-english-large")
    english |= _dictionary(args.dictionaries / "british-english-large")
    terms = {word for word in drugs | places if len(word) >= SHORTEST_TERM} - (
        everyday - _words([DRUGS_OF_EVERY_DAY])
    )
    terms |= {
        word for word in _words(_of_kind(lists, "_finding")) if len(word) >= SHORTEST_FINDING
    } - everyday
    listed = [*lists.values(), *(phrases for name, phrases in vars(lexicon).items() if name.isupper())]
    known = (
        english
        | drugs
        | _words([NOT_DRUGS, MORE])
        | _words(phrase for phrases in listed for phrase in phrases)
    )
    kinds = {word: "drug" if word in drugs else "place" if word in places else "finding" for word in terms}
    lines = [f"{word}\t{kinds[word]}" for word in sorted(terms)]
    (OUT / "terms.txt").write_text("\n".join(lines) + "\n")
    packed = lzma.compress("\n".join(sorted(known)).encode(), preset=9 | lzma.PRESET_EXTREME)
    (OUT / "known_words.txt.xz").write_bytes(packed)
    print(f"{len(terms)} terms, {len(known)} known words, {len(packed) / 1000:.0f} kB")


if __name__ == "__main__":
    main()
