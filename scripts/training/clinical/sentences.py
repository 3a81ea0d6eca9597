"""Sentences of dictation out of frames and terms, as a clinician says them: numbers and marks as spoken words.

Each sentence has a kind: ``med`` (dictation), ``ask`` (a spoken question), ``gen`` (general English). Sentences come in
an order in which an early stop has covered the most: words of daily use first in every stretch, and of the rare terms
those that bring a new word.
"""

import collections
import functools
import heapq
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hearing.scoring import listed
from hearing.terms import Terms
from training.clinical.vocabulary import key_word

ONES = listed(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
)
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]

NUMBER_WORDS = {*ONES, *TENS, "hundred", "thousand", "point"}


def spoken(n: int) -> str:
    """0 to 9999 in words, as one dictates it."""
    if n < 20:
        return ONES[n]
    if n < 100:
        return TENS[n // 10 - 2] + (" " + ONES[n % 10] if n % 10 else "")
    if n < 1000:
        return ONES[n // 100] + " hundred" + (" " + spoken(n % 100) if n % 100 else "")
    return spoken(n // 1000) + " thousand" + (" " + spoken(n % 1000) if n % 1000 else "")


def _size(rng: random.Random) -> str:
    if rng.random() < 0.4:
        return f"{spoken(rng.randint(0, 12))} point {spoken(rng.randint(1, 9))} {rng.choice(['centimeter', 'centimeter', 'millimeter'])}"
    return f"{spoken(rng.choice([*range(2, 31), 35, 40, 45, 50, 62, 75]))} {rng.choice(['millimeter', 'millimeter', 'centimeter'])}"


def _sizes(rng: random.Random) -> str:
    many = rng.choice([2, 2, 3])
    if rng.random() < 0.5:
        return (
            " by ".join(f"{spoken(rng.randint(1, 9))} point {spoken(rng.randint(0, 9))}" for _ in range(many))
            + " centimeter"
        )
    return " by ".join(spoken(rng.randint(2, 40)) for _ in range(many)) + " millimeter"


DOSES = [1, 2, 4, 5, 6, 8, 10, 12, 15, 16, 18, 20, 24, 25, 30, 37, 40, 45, 50, 60, 75, 80, 90, 100, 112, 120, 125, 137, 150, 160,
         175, 180, 200, 220, 240, 250, 300, 320, 325, 350, 375, 400, 450, 500, 600, 650, 750, 800, 850, 875, 900, 1000, 1200, 1500, 2000]  # fmt: skip
UNITS = ["milligrams"] * 8 + listed(
    "milligram micrograms micrograms milliliters units units grams milliequivalents tablets puffs drops"
)


def _dose(rng: random.Random) -> str:
    kind = rng.random()
    if kind < 0.12:
        amount = f"{rng.choice(['zero', 'one', 'two', 'three', 'seven', 'twelve', 'thirty seven', 'sixty two'])} point {rng.choice(['five', 'five', 'two five', 'one two five', 'seven five'])}"
    else:
        amount = spoken(rng.choice(DOSES))
    return f"{amount} {rng.choice(UNITS)}"


def _value(rng: random.Random) -> str:
    if rng.random() < 0.45:
        return f"{spoken(rng.randint(0, 39))} point {' '.join(spoken(rng.randint(0, 9)) for _ in range(rng.choice([1, 1, 1, 2])))}"
    return spoken(
        rng.choice(
            [
                rng.randint(2, 20),
                rng.randint(20, 99),
                rng.randint(100, 199),
                rng.randint(200, 900),
                rng.randint(1000, 9000),
            ]
        )
    )


MONTHS = listed("january february march april may june july august september october november december")
DAYS = listed(
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth "
    "fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
)
DAYS += ["twenty first", "twenty second", "twenty third", "twenty fourth", "twenty eighth", "thirtieth"]


def _date(rng: random.Random) -> str:
    year = rng.choice(
        ["", "", " twenty twenty four", " twenty nineteen", " two thousand eighteen", " twenty twenty five"]
    )
    return f"{rng.choice(MONTHS)} {rng.choice(DAYS)}{year}"


def _vertebra(rng: random.Random) -> str:
    region, last = rng.choice([("c", 7), ("t", 12), ("l", 5), ("s", 3)])
    return f"{region} {spoken(rng.randint(1, last))}"


def _pressure(rng: random.Random) -> str:
    return f"{spoken(rng.randint(78, 210))} over {spoken(rng.randint(40, 120))}"


NUMBERS: dict[str, Callable[[random.Random], str]] = {
    "size": _size,
    "sizes": _sizes,
    "dose": _dose,
    "value": _value,
    "date": _date,
    "vertebra": _vertebra,
    "pressure": _pressure,
    "percent": lambda rng: spoken(rng.choice([rng.randint(1, 99), rng.choice([5, 10, 15, 25, 30, 35, 40, 45, 50, 55, 60, 65, 70, 92, 95, 98, 100])])) + " percent",
    "rate": lambda rng: spoken(rng.randint(8, 150)),
    "few": lambda rng: spoken(rng.randint(1, 10)),
    "degrees": lambda rng: f"{spoken(rng.randint(96, 104))} point {spoken(rng.randint(0, 9))} degrees",
    "fingers": lambda rng: rng.choice(["first", "second", "third", "fourth", "fifth"]),
}  # fmt: skip

SMALL: dict[str, Sequence[str]] = {
    "side": ["left", "right", "bilateral"],
    "lr": ["left", "right"],
    "no": ["no", "no evidence of", "there is no", "negative for", "without", "no definite", "no acute", "denies", "absence of"],
    "pos": ["there is", "there is", "interval development of", "findings are consistent with", "redemonstration of", "again noted is"],
    "where": ["in the", "in the", "within the", "at the", "involving the", "adjacent to the", "along the"],
    "change": ["unchanged from prior", "stable since the prior study", "increased in size", "decreased from previously", "new since the prior examination", "improved", "slightly worse", "not significantly changed", "likely benign", "suspicious for malignancy", "of uncertain significance"],
    "she": ["she", "he", "the patient", "this patient", "mister jones", "missus smith"],
    "adj": ["hypodense", "hyperdense", "isodense", "hypoechoic", "hyperechoic", "anechoic", "hypointense", "hyperintense", "isointense", "hypermetabolic", "heterogeneous", "homogeneous", "lobulated", "spiculated", "well circumscribed", "ill defined", "calcified", "noncalcified", "cystic", "enhancing", "nonenhancing", "exophytic", "pedunculated", "necrotic", "subcentimeter", "subpleural", "intraluminal", "extraluminal", "echogenic", "lytic", "sclerotic"],
    "thing": ["lesion", "mass", "nodule", "focus", "collection", "lymph node", "cyst", "area", "density", "opacity", "foci", "structure"],
    "plane": ["axial", "coronal", "sagittal", "oblique", "lateral", "anteroposterior", "posteroanterior", "t one weighted", "t two weighted", "flair", "diffusion weighted", "postcontrast"],
    "number": ["number one", "number two", "number three", "one", "two", "three", ""],
    "image": ["on this image", "in this image", "on this film", "on this scan", "on this x-ray", "in this study", "here", "on the picture i sent", "on the current radiograph", ""],
    "lot": ["within normal limits", "unremarkable", "normal", "intact", "clear", "patent", "symmetric", "not visualized", "grossly normal", "preserved", "stable"],
    "care": ["monitor", "trend", "follow", "recheck", "repeat", "check", "send", "obtain"],
    "good": ["good", "fair", "stable", "critical", "guarded", "satisfactory"],
    "stage": ["stage one", "stage two", "stage three", "stage four", "grade one", "grade two", "grade three", "type one", "type two", "class two", "class three", "t two n one m zero", "stage three b"],
    "way": ["tenderness", "tenderness to palpation", "swelling", "erythema", "guarding", "rebound", "crepitus", "fullness", "warmth", "weakness", "pain"],
}  # fmt: skip

JOIN = {
    "finding": [
        "lung_finding",
        "abdomen_finding",
        "bone_finding",
        "brain_finding",
        "heart_finding",
        "spine_finding",
    ],
    "place": ["lung_place", "abdomen_place", "bone_place", "brain_place", "anatomy"],
}
"""A slot that draws from several kinds."""

CORE = """{pos} {degree} {lung_finding} {where} {lung_place}
{no} {lung_finding}{,} {lung_finding} or {lung_finding}
{degree} {lung_finding} and {lung_finding}{,} {change}
{size} {lung_finding} {where} {lung_place}{,} {change}
the lungs are clear{.} no {lung_finding} or {lung_finding}
the {lung_place} shows {degree} {lung_finding} with {lung_finding}
{degree} {abdomen_finding} {where} {abdomen_place}
the {abdomen_place}{,} {abdomen_place} and {abdomen_place} are {lot}
{sizes} {adj} {thing} {where} {abdomen_place}{,} {change}
{no} {abdomen_finding} or {abdomen_finding}
{pos} {abdomen_finding} with {abdomen_finding}
the {abdomen_place} demonstrates {abdomen_finding}{,} {change}
{bone_finding} of the {lr} {bone_place} with {bone_finding}
{no} {bone_finding} or {bone_finding} of the {bone_place}
{degree} {bone_finding} {where} {bone_place} and {bone_place}
the {bone_place} and {bone_place} are {lot}{.}
{pos} {bone_finding} {where} {lr} {bone_place}
at {level} there is {degree} {spine_finding} with {spine_finding}
{spine_finding} at {level}{,} causing {degree} {spine_finding}
{vertebra} {spine_finding}{,} {vertebra} through {vertebra} {spine_finding}
{degree} {spine_finding} and {bone_finding} at {vertebra}
{pos} {brain_finding} {where} {brain_place}
{no} {brain_finding}{,} {brain_finding} or {brain_finding}
{brain_finding} involving the {brain_place} and {brain_place}
{size} {adj} {thing} {where} {brain_place} suggests {brain_finding}
{degree} {heart_finding} and {heart_finding}
{heart_finding} without {heart_finding}{.}
ejection fraction is {percent} with {heart_finding}
electrocardiogram shows {ecg} with {ecg}
telemetry shows {ecg}{,} no {ecg}
past medical history of {diagnosis}{,} {diagnosis} and {diagnosis}
history of {diagnosis} and {diagnosis} since {date}
{age} year old {person} with {diagnosis} presenting with {symptom}
{she} denies {symptom}{,} {symptom} or {symptom}
{she} reports {symptom} and {symptom} for {duration}
positive for {symptom} and {symptom}{,} negative for {symptom}
{drug_verb} {drug} {dose} {route} {frequency}
{drug_verb} {drug} {dose} {frequency} for {duration}
{drug} {dose} {frequency}{,} {drug} {dose} {frequency}
medications include {drug}{,} {drug}{,} {drug} and {drug}
{drug}{,} {drug} and {drug} for {diagnosis}
allergic to {drug} and {drug_class}{,} which caused {symptom}
{drug} {dose} {route} was given for {symptom}
{she} takes {drug}{,} {drug} and {drug}
switch from {drug} to {drug} {dose} {frequency}
stop {drug} and avoid {drug_class}
{drug} {dose} {frequency} for {diagnosis}
discharged on {drug} {dose} and {drug} {dose}
loading dose of {drug} {dose} then {drug} {dose} {frequency}
status post {procedure} and {procedure}
{procedure} was performed on {date} without complication
{she} underwent {procedure} for {diagnosis}
plan for {procedure} under general anesthesia
{procedure} complicated by {diagnosis}
{lab} {value}{,} {lab} {value}{,} {lab} {value}
{lab} was {value} and {lab} was {value}
{lab} is elevated at {value}{,} up from {value}
{care} {lab} and {lab} in {duration}
{lab} and {lab} are {lot}
{exam}
{exam}{.} {exam}
{study} shows {finding} and {finding}
{study} demonstrates {degree} {finding}
recommend {study} in {duration}
{study}{.} comparison {date}
consult {specialty} for {diagnosis}
follow up with {specialty} and {specialty} in {duration}
differential includes {diagnosis}{,} {diagnosis} and {diagnosis}
{diagnosis} versus {diagnosis}
{diagnosis}{,} on {drug} and {drug}
{section}{:} {finding}{.} {finding}
{section}{:} {number} {diagnosis}{.} {diagnosis}
{section}{:} {diagnosis} with {symptom}
{section}{:} none
cultures grew {organism} sensitive to {drug} and {drug}
{organism} and {organism} resistant to {drug}
{diagnosis} due to {organism}{,} started on {drug}
{device} and {device} in place
the {device} terminates at the {lung_place}
{device} was removed{,} {device} remains
tip of the {device} is {size} above the carina
{degree} {way} over the {lr} {anatomy}
{anatomy} and {anatomy} are {lot}
{symptom} radiating to the {lr} {anatomy}
the {anatomy}{,} {anatomy} and {anatomy} are {lot}
{plane} images through the {place} show {finding}
{stage} {diagnosis} of the {anatomy}
biopsy of the {anatomy} showed {diagnosis}
{diagnosis} and {symptom} likely secondary to {drug_class}
started on {drug_class} and {drug_class} for {diagnosis}
blood pressure {pressure}{,} heart rate {rate}{,} oxygen saturation {percent}
temperature {degrees}{,} respiratory rate {rate}{,} blood pressure {pressure}
impression{:} {finding}{,} {change}
{adj} {thing} {where} {place} with {adj} rim
{adj} {thing} measuring {sizes} {where} {lr} {anatomy}
{finding} {where} {lr} {place} is {change}
{no} {finding} or {finding} {where} {place}
{diagnosis} is suspected{,} rule out {diagnosis}
condition is {good}{,} continue {drug} and {drug}
open parenthesis {diagnosis} close parenthesis
{finding} slash {finding}
{symptom} hyphen {duration}
new paragraph {section} colon {finding}
{finding} period new line {finding}
thank you for referring this {age} year old {person} with {diagnosis}
end of dictation{.} {diagnosis}{.}
delete that{,} {finding}
correction{,} {drug} {dose} not {dose}"""

QUESTIONS = """is there a {finding} {image}
is there any {finding} or {finding} {image}
do you see {finding} {image}
what is the size of the {thing} {where} {place}
could this be {diagnosis} or {diagnosis}
what dose of {drug} would you give for {diagnosis}
does {drug} interact with {drug}
where is the tip of the {device} {image}
how should i treat {diagnosis} in a patient with {diagnosis}
is {drug} safe in {diagnosis}
which antibiotic covers {organism}
what are the side effects of {drug} and {drug}
is the {place} {lot} {image}
can you compare this with the {study} from {date}
describe the {finding} {image}
what is the differential for {symptom} and {symptom}
is the {finding} new or old
does the {lr} {place} look normal {image}
summarize the findings of the {study}
are there signs of {diagnosis} {image}"""

RARE = """{rare_term}{,} {rare_term} and {rare_term}
history of {rare_term} and {rare_term}
{rare_term} and {rare_term} versus {rare_term}
assessment{:} {rare_term}{.} {rare_term}
{no} {rare_term} or {rare_term}
{age} year old {person} with {rare_term} and {rare_term}
diagnosed with {rare_term}{,} rule out {rare_term}
{rare_term} with {rare_term}"""

RARE_DRUGS = """{rare_drug}{,} {rare_drug} and {rare_drug}
{drug_verb} {rare_drug} {dose} {frequency}
{rare_drug} {dose} {route} {frequency}
{she} takes {rare_drug} and {rare_drug}
medications include {rare_drug}{,} {rare_drug} and {rare_drug}
{rare_drug} {dose}{,} {rare_drug} {dose}
switch {rare_drug} to {rare_drug}
{rare_drug} or {rare_drug} for {diagnosis}"""

HELD_OUT_FRAMES = """examination of the {place} reveals {degree} {finding}
i see a {size} {thing} near the {place}{,} probably {finding}
compared with {date}{,} the {finding} has resolved but {finding} persists
overall picture favors {diagnosis} over {diagnosis}
the family asked about {diagnosis} and {procedure}
we held {drug} this morning because of {symptom}
please refill {drug} {dose} {frequency}
{drug} was titrated up to {dose} while {drug} was stopped
on review of the {study}{,} {finding} was overlooked
admitted overnight for {diagnosis}{,} now off {drug}
{lab} came back at {value}{,} so we added {drug}
her mother had {diagnosis}{,} her father died of {diagnosis}
after {procedure} {she} developed {symptom} and {symptom}
incidental note is made of {finding} {where} {lr} {place}
{vertebra} to {vertebra} level{:} {spine_finding} plus {spine_finding}
sputum was positive for {organism}{,} covered with {drug}
the {device} has migrated toward the {lr} {anatomy}
i would avoid {drug} given the {diagnosis}
would {drug} or {drug} be better for {diagnosis}
how large is the {finding} {where} {place}
neither {finding} nor {finding} is appreciated
mild {symptom} since {procedure}{,} otherwise {lot}
vitals{:} {pressure}{,} pulse {rate}{,} saturating {percent}
refer to {specialty} regarding {finding} of the {place}
we discussed {procedure} versus {drug} in detail"""

HELD_OUT_TERM_FRAMES = """the chart mentions {held}{,} {held} and {held}
i am concerned about {held} or {held}
{she} was seen last year for {held} and {held}"""

HELD_OUT_DRUG_FRAMES = """{she} is already taking {held_drug}{,} {held_drug} and {held_drug}
we could try {held_drug} {dose} or {held_drug}
the pharmacy has no {held_drug} or {held_drug} today"""

GENERAL = """{gs} {gv} {go} {gt}
{gt} {gs} {gv} {go} and {gv} {go}
can you {gb} {go} {gt} please
{gs} said that {gs} {gv} {go}
what time does {go} start {gt}
{gs} would like to {gb} {go} because {gs} {gv} {go}
please {gb} {go} before {gs} {gv} {go}
i think {gs} {gv} {go} {gt}
how do i {gb} {go}
okay {gb} {go} and then {gb} {go}
there are {few} {gp} near {go}
the weather was {gw} {gt} so {gs} {gv} {go}
it took {few} {gp} to {gb} {go}
why did {gs} {gb} {go} {gt}
thank you {gt} i will {gb} {go}
{gs} is {gw} but {go} is {gw}"""

GENERAL_WORDS = {
    "gs": "my sister|our neighbor|the teacher|the old man|everyone in town|his brother|the company|a young woman|the driver|my friend peter|the children|she|he|they|we|the manager|the new student|nobody|the captain|that dog|the farmer|the president|my grandmother|the police|a stranger|the band|the author|the cook",
    "gv": "bought|forgot|opened|painted|returned|visited|remembered|carried|followed|lost|found|watched|changed|built|liked|left|moved|broke|noticed|needed|loved|answered|finished|described|shared|missed|wanted|closed|ordered|borrowed",
    "gb": "buy|open|paint|return|visit|remember|carry|follow|find|watch|change|build|leave|move|fix|notice|answer|finish|describe|share|close|order|borrow|send|print|move|read|call about|clean|sell|check|show me",
    "go": "the red car|a letter from paris|the front door|the garden|an interesting book|the river|three tickets|the last chapter|a cup of coffee|the broken window|the meeting|his wallet|the train station|a birthday present|the kitchen table|the bridge|our house|the little shop on the corner|a map of the city|the concert|her grandfather's watch|the newspaper|the lost keys|a pair of shoes|the airport|a loaf of bread|the story|the football match|a better job|the computer|the schedule|that song|a photograph|the museum|the mountain road|the invoice|the email|a quiet room|the beach|the weather report",
    "gt": "yesterday|this morning|last night|on tuesday|in the summer|after dinner|before school|at the end of the month|every weekend|two years ago|as usual|for the first time|in the rain|without a word|next friday|in december|at half past eight|on the way home|during the holidays|at once||",
    "gw": "cold|beautiful|strange|better than expected|quiet|expensive|easy|terrible|warm and sunny|rather dark|late|heavy|very kind|too small|difficult|funny|famous|empty|bright|tired",
    "gp": "people|hours|bottles of water|old houses|questions|trees|miles|minutes|pages|boats|dollars|empty chairs|letters|photographs",
}


PLAIN = """no {pc} or {pc}
no {pc} no {pc} and no {pc}
{gs} has {pc} but no {pc}
she denies {pc} and {pc}
he has had {pc} for {few} {pd} now
the {pc} started {gt} and got {pw} {gt}
without {pc} or {pc}
there was {pc} but it is {pw} today
he came in with {pc} and {pc}
is there {pc} or just {pc}
still some {pc} on the {lr} but not on the other side
no {pc} since {gt}
the {pb} and the {pb} are fine
{pc} in the {lr} {pb} and in the {pb}
please look at the {lr} {pb} again
no pain in the {pb} or the {pb}
her {pb} hurts when she sits or stands
does the {lr} {pb} look {pw} than before
the {pb} is {pw} and there is no {pc}
tell me about the {pb} and then about the {pb}"""
"""Sentences of a ward in everyday words, all of which the published model knows."""

FRAGMENTS = """or {pc}
or {pc} period
and {pc}
and {pc} comma
but no {pc}
with {pc}
without {pc} period
in the {lr} {pb}
of the {pb} period
or in the {pb}
and the {lr} {pb}
no {pc}
no {pc} period
no {pc} comma
or any {pc}
nor {pc}
for {few} {pd}
on the {lr} period
to the {lr} {pb}
then {pc} and {pc}
as well as {pc}
or {symptom}
or {lung_finding} period
and {abdomen_finding}
with {bone_finding} comma
no {diagnosis} or {diagnosis}
or {diagnosis}
and {symptom} period
at the {anatomy}
of the {lr} {bone_place}
on {drug}
or {heart_finding}
and {brain_finding} period
in the {abdomen_place} comma"""
"""Utterances that begin in the middle of a sentence, after a pause."""

PLAIN_WORDS = {
    "pc": "fever|chills|cough|headache|nausea|vomiting|pain|chest pain|back pain|neck pain|leg pain|belly pain|joint pain|sore throat|weight loss|night sweats|shortness of breath|swelling|bleeding|numbness|weakness|itching|a rash|redness|blood|cramps|a runny nose|trouble sleeping|loss of appetite|dizzy spells|heart trouble|bruises|a cold|burning|stiffness|falls|tingling|a bad taste|cold sores|dry skin|double vision|hearing loss|high blood pressure",
    "pb": "back|neck|chest|belly|arm|leg|hand|foot|knee|hip|shoulder|elbow|wrist|ankle|head|face|nose|throat|mouth|tongue|eye|ear|skin|heart|lung|liver|kidney|spine|rib|thumb|big toe|heel|jaw|thigh|calf|lower back|upper arm|side|stomach|bladder",
    "pw": "better|worse|the same|gone|fine|normal|swollen|warm|cold|stiff|dry|smaller|larger|weaker|stronger|clear|red|sore|tender|clean|stable|milder",
    "pd": "days|weeks|months|years|hours|nights",
}


GENERAL_HELD_OUT = [
    "the library closes an hour earlier on public holidays",
    "could you remind me to water the plants before we leave",
    "my brother plays the violin but he has never performed in public",
    "there was so much traffic that we nearly missed the flight",
    "she explained the rules twice and still nobody understood them",
    "the recipe calls for three eggs and a pinch of salt",
    "we should probably ask someone who lives around here",
    "his office is on the second floor next to the elevator",
    "it snowed all night and the roads were covered by morning",
    "i would rather walk than wait another forty minutes for a bus",
    "does anyone know where the extra blankets are kept",
    "the film was longer than i expected but the ending was worth it",
    "please leave your shoes at the door and come inside",
    "they painted the fence green last spring and it already needs another coat",
    "the committee will vote on the proposal next thursday afternoon",
    "what would you do if you had a whole week without any plans",
    "the old bridge was built more than two hundred years ago",
    "nobody told us that the restaurant only takes cash",
    "i read an article about bees and how they find their way home",
    "turn left after the gas station and keep going until you see a white church",
]
"""General English in none of the frames, for tests."""


GENERAL_DEV = [
    "would you mind closing the window because it is getting cold in here",
    "they moved to a smaller town after the factory had shut down",
    "the parcel was delivered to the wrong address on monday",
    "i have never seen so many birds on one lake before",
    "our flight was cancelled and we had to sleep at the airport",
    "he reads the newspaper every morning before he goes to work",
    "can somebody explain why the lights are still on",
    "the children built a huge castle out of sand and shells",
    "she plays chess with her grandfather on sunday afternoons",
    "there is a good bakery just around the corner from the bank",
    "if it rains tomorrow we will have the party inside",
    "my phone number changed when i came back from abroad",
    "the teacher asked everyone to bring two pencils and a ruler",
    "it is cheaper to repair the old roof than to build a new one",
    "how long does it take to walk from the hotel to the harbor",
    "the concert begins at eight but the doors open an hour earlier",
    "we ran out of milk so i made pancakes with water instead",
    "the mayor promised that the new road would be ready by autumn",
    "nothing tastes better than fresh bread with a little butter",
    "please send me the photographs that you took at the wedding",
]
"""General English in none of the frames, on which a model is chosen."""


@dataclass(frozen=True)
class Sentence:
    kind: str  # med, ask or gen
    text: str
    terms: tuple[str, ...]  # medical terms in it, in order


class Bag:
    """Draws without replacement: every item comes up before any comes again."""

    def __init__(self, items: Sequence[str], rng: random.Random, *, shuffle: bool = True) -> None:
        self._items, self._rng, self._left, self._shuffle = list(items), rng, [], shuffle
        self._left: list[str]

    def draw(self) -> str:
        if not self._left:
            self._left = self._items[::-1]
            if self._shuffle:
                self._rng.shuffle(self._left)
        return self._left.pop()


def by_new_words(terms: Sequence[str], known: set[str], rng: random.Random) -> list[str]:
    """Terms that bring a word nobody has said yet come first; the others after them."""
    seen, new, old = set(known), [], []
    for term in rng.sample(list(terms), len(terms)):
        (old if set(term.split()) <= seen else new).append(term)
        seen |= set(term.split())
    return new + old


class Writer:
    """Fills frames. ``longest``: words a sentence may have."""

    def __init__(self, terms: Terms, seed: int, longest: int = 19) -> None:
        self._rng = rng = random.Random(seed)
        self._longest = longest
        known = {
            w
            for kind, values in terms.items()
            if not kind.startswith("rare")
            for t in values
            for w in t.split()
        }
        self._medical = set(terms) - {
            "route",
            "frequency",
            "duration",
            "degree",
            "age",
            "person",
            "drug_verb",
            "section",
            "level",
        }
        self._bags = {
            kind: Bag(by_new_words(values, known, rng), rng, shuffle=False)
            if kind.startswith("rare")
            else Bag(values, rng)
            for kind, values in terms.items()
        }
        everyday = GENERAL_WORDS | PLAIN_WORDS
        self._bags |= {slot: Bag(values.split("|"), rng) for slot, values in everyday.items()}
        self._frames: dict[str, Bag] = {}

    def write(self, frames: str, kind: str, shortest: int = 2) -> Sentence:
        bag = self._frames.setdefault(frames, Bag(frames.split("\n"), self._rng))
        while True:
            sentence = self.fill(bag.draw(), kind)
            if shortest <= len(sentence.text.split()) <= self._longest:
                return sentence

    def fill(self, frame: str, kind: str) -> Sentence:
        """One frame with its slots filled."""
        rng, aloud, used = self._rng, self._rng.random() < 0.45, []

        def one(match: re.Match[str]) -> str:
            slot = match[1]
            if slot == ",":
                return " comma" if aloud else rng.choice([",", ",", ""])
            if slot == ".":
                return " period" if aloud else "."
            if slot == ":":
                return " colon" if aloud else rng.choice(["", ","])
            if slot in NUMBERS:
                return NUMBERS[slot](rng)
            if slot in SMALL:
                return rng.choice(SMALL[slot])
            drawn = rng.choice(JOIN[slot]) if slot in JOIN else slot
            term = self._bags[drawn].draw()
            if drawn in self._medical:
                used.append(term)
            return term

        text = re.sub(r"\{([\w,.:]+)\}", one, frame)
        if aloud and kind == "med" and not text.endswith("period"):
            text += rng.choice([" period", " period", " period", " comma", "", " period new paragraph"])
        if aloud and kind == "ask" and rng.random() < 0.3:
            text += " question mark"
        text = re.sub(r"\b(left|right|bilateral) (left|right|bilateral)\b", r"\2", text)
        text = re.sub(r"\ba (?!one\b)([aeiou])", r"an \1", re.sub(r"\s+", " ", text)).strip()
        return Sentence(kind, re.sub(r" ([,.])", r"\1", text).rstrip(",."), tuple(used))


STREAMS = {
    "core": (CORE, "med", 9000),
    "rare": (RARE, "med", 4000),
    "drugs": (RARE_DRUGS, "med", 1200),
    "questions": (QUESTIONS, "ask", 900),
    "general": (GENERAL, "gen", 1600),
}
"""Frames, kind of sentence, and how many are written."""
EACH = "mmmmqmmmgmmmnmmmg"
"""The kinds of each stretch that is spoken: m medical by what it brings, q a question, g general English, n with numbers."""


def training(
    terms: Terms, pieces: Callable[[str], int], banned: set[str], seed: int = 1, many: float = 1
) -> list[Sentence]:
    """Different sentences, none of the texts in ``banned``, in the order in which they are to be spoken.

    ``many``: a share of the usual number. ``pieces``: how many pieces a word has for the recogniser: what it knows as one
    or two pieces it hears already."""
    writer, seen = Writer(terms, seed), set(banned)
    written: dict[str, list[Sentence]] = {}
    for name, (frames, kind, usual) in STREAMS.items():
        found = written.setdefault(name, [])
        while len(found) < usual * many:
            sentence = writer.write(frames, kind)
            if sentence.text not in seen:
                seen.add(sentence.text)
                found.append(sentence)
    core = {
        w for kind, values in terms.items() if not kind.startswith("rare") for t in values for w in t.split()
    }

    def worth(word: str) -> float:
        return max(0, pieces(word) - 2) * (1.0 if word in core else 0.3)

    by_gain = iter(by_what_they_bring(written["core"] + written["rare"] + written["drugs"], worth))
    numbers = iter([s for s in written["core"] if len(NUMBER_WORDS & set(s.text.split())) >= 3])
    streams = {"m": by_gain, "q": iter(written["questions"]), "g": iter(written["general"]), "n": numbers}
    out: dict[str, Sentence] = {}
    while (sentence := next(by_gain, None)) is not None:
        out[sentence.text] = sentence
        for sign in EACH:
            if (another := next(streams[sign], None)) is not None:
                out.setdefault(another.text, another)
    for name in ("questions", "general"):
        for sentence in written[name]:
            out.setdefault(sentence.text, sentence)
    return list(out.values())


def everyday(name: str) -> list[str]:
    """The sentences of a list beside this file, ``everyday.txt`` or ``everyday_dev.txt``."""
    lines = (Path(__file__).parent / name).read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def plain(many: int, seed: int = 5) -> list[Sentence]:
    """Everyday English that the model is to go on hearing as the published one does: ``many`` in frames, and
    the list among the first of them. A pair of complaints that a test listens for stays out."""
    writer, framed = Writer({}, seed, longest=16), dict[str, Sentence]()
    while len(framed) < many:
        sentence = writer.write(PLAIN, "gen")
        if not ("fever" in sentence.text and "back pain" in sentence.text):
            framed[sentence.text] = sentence
    out, others = [], iter(framed.values())
    for text in everyday("everyday.txt"):
        out += [Sentence("gen", text, ()), next(others)]
    return [*out, *others]


def fragments(terms: Terms, many: int, seed: int = 6) -> list[Sentence]:
    """Parts of sentences as pauses leave them, none of a pair that a test listens for."""
    writer, out = Writer(terms, seed), dict[str, Sentence]()
    while len(out) < many:
        sentence = writer.write(FRAGMENTS, "gen")
        text = sentence.text
        if not any(heard in text for heard in ("or back pain", "or fever", "leg weakness", "no fever")):
            kind = "med" if sentence.terms else "gen"
            out[text] = Sentence(kind, text, sentence.terms)
    return list(out.values())


def by_what_they_bring(sentences: Sequence[Sentence], worth: Callable[[str], float]) -> list[Sentence]:
    """The sentence first that has most worth a letter; a word is worth less each time that it was said."""
    value = functools.cache(worth)
    said: dict[str, int] = collections.Counter()

    def gain(sentence: Sentence) -> float:
        words = sorted(set(sentence.text.split()))  # in one order, for the same sum each time
        return sum(value(w) / (1 + said[w]) ** 2 for w in words) / (12 + len(sentence.text))

    queue = [(-gain(s), n) for n, s in enumerate(sentences)]
    heapq.heapify(queue)
    out = []
    while queue:
        _, n = heapq.heappop(queue)
        now = gain(sentences[n])
        if queue and now < -queue[0][0]:
            heapq.heappush(queue, (-now, n))
            continue
        out.append(sentences[n])
        for word in set(sentences[n].text.split()):
            said[word] += 1
    return out


def held_back(terms: Terms, held: Sequence[tuple[str, str]], many: int, seed: int) -> list[Sentence]:
    """Sentences in frames never trained on: ``many`` with trained terms, and all held-out terms once."""
    drugs = [t for kind, t in held if kind == "drug"]
    others = [t for kind, t in held if kind != "drug"]
    writer = Writer(terms | {"held": others, "held_drug": drugs}, seed, longest=22)
    out = [writer.write(HELD_OUT_FRAMES, "med") for _ in range(many)]
    for frames, words in ((HELD_OUT_TERM_FRAMES, others), (HELD_OUT_DRUG_FRAMES, drugs)):
        said: set[str] = set()
        while not said >= set(words):
            sentence = writer.write(frames, "held")
            said |= set(sentence.terms)
            out.append(sentence)
    return out


__all__ = ["Sentence", "Writer", "held_back", "key_word", "training"]
