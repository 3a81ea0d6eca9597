"""Short utterances: voice commands in their wordings, answers and questions (kind ``command``), and numbers,
units, sides and negations in every frame (kind ``number``).
"""

import itertools
import random
import re
from collections.abc import Iterator

from assistant.dictation.commands import TABLE
from hearing.scoring import listed
from hearing.terms import Terms
from training.clinical.sentences import Sentence, Writer

COMMANDS = """(scratch|strike|delete|undo|redo|select|copy|correct|spell|cap|capitalize|replace|cut|paste|bold|underline) that
(cap|all caps|no caps|upper case|lower case) that
(scratch|erase|remove|clear|select|highlight) this
(undo|redo|delete|cancel|repeat|stop) it
(stop|undo|redo|pause|resume|cancel|sign off|save|print|deselect|all caps|no caps|wake up|help|next|never mind|be quiet)
(stop|start|resume|pause) listening
(stop|start|resume|pause|continue) dictation
stop (talking|reading|answering|recording)
microphone (on|off)
(delete|select|erase|correct|cap|copy) the last (word|sentence|line|paragraph)
(delete|select|erase|scratch) last (word|sentence|line)
(delete|select) (the|) last (two|three|four|five|six) words
(delete|select) everything
clear (all|the report)
(next|previous|last) (field|section)
go to the (next|previous) field
go to (findings|impression|technique|comparison|history|plan|assessment|medications|allergies|indication)
(go|jump) to the (top|end)
go to (top|end)
end of document
(jump|move) to {section}
go to the {section} section
(use|load|open) template {template}
use the {template} template
(new|blank) report
start a new note
insert (macro|) normal {macro}
insert {macro} macro
insert (before|after) {w}
put the cursor (before|after) {w}
(select|highlight|correct|insert before|insert after|cap|pick|choose) {w}
select {w} through {w}
select the word {w}
select {w}
correct {w}
(correct|change) {w} to {w}
correct {w} to {w}
replace {w} with {w}
replace {w} by {w}
correct (left|right|upper|lower|small|large|normal|stable|mild|acute) to {w}
(select|correct|replace) (left|right|upper|lower|small|large|normal|stable)
replace (left|right|no|two|upper|small) with {w}
(choose|pick) (one|two|three|four|five|six|seven|eight|nine)
(choose|pick) (number|option) (one|two|three|four|five)
option (one|two|three|four)
(choose|pick) {w}
spell that {letters}
spell the last word
{letters}
{capital}
(new|next) (line|paragraph)
(new|next) bullet
bullet point
(start a|) (numbered|bulleted) list
next (number|item)
end (list|of list)
(full stop|period|comma|colon|semicolon|question mark|hyphen|slash)
(open|close) (parenthesis|bracket|quote)
read (that|it) back
read back the last (sentence|paragraph)
read me the report
what can i say
show (help|commands)
(copy|print|save|sign|close|export|read) the report
save and sign
sign and close
accept (the gap|all gaps)
that was dictation
literal {mark}
thank you
(yes|no|normal|abnormal|okay|correct|right|left|none|both|negative|positive|absent|present|stable|unchanged|mild|moderate|severe|unremarkable|not seen|yes please|no thank you|not applicable)
(one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|zero)
(left|right) {side_of}
{answer}
{answer} and {answer}
(show|describe) the image
what is this
is this normal
is there (a|any) {w}
what do you (see|think)
what is the dose of {drug}
which side is it
how (large|big|old) is it
what about the {w}
does it matter
what does the guideline say
summarize the report
explain that
compare with the prior"""

WORDS = {
    "w": "left|right|effusion|small|large|heart|lungs|clear|normal|mild|severe|upper|lower|no|kidney|liver|nodule|fracture|opacity|chest|stable|"
    "acute|chronic|two|three|seven|ten centimeters|five millimeters|edema|mass|spleen|pleural effusion|right lower lobe|left kidney|moderate|"
    "trace|increased|decreased|consolidation|metoprolol|lisinopril|heparin|aspirin|unremarkable|enlarged|anterior|posterior|medial|lateral|"
    "absent|present|pneumonia|pneumothorax|cardiomegaly|atelectasis|hernia|tendon|meniscus|femur|bilateral|positive|negative|intact|aorta|"
    "superior|inferior|proximal|distal|hypoechoic|hyperechoic|milligrams|twice daily|impression|without|cyst|lesion|gallbladder|abdomen",
    "template": "chest x-ray|ct chest|ct abdomen|mri brain|mri knee|soap progress note|echo|ultrasound abdomen|discharge summary|operative note|consultation|spine",
    "macro": "chest|heart|abdomen|lungs|brain|knee|exam|kidneys|liver|spine",
    "mark": "comma|period|colon|new line|hyphen|new paragraph|stop",
    "answer": "chest pain|fever|no pain|the left knee|since yesterday|a cough|both sides|for two weeks|the right hand|not today|as before|twice a day|"
    "by mouth|at night|smaller|larger|better|worse|no change|mostly normal|no allergies|no fever|on the left|on the right|after meals|never smoked",
    "side_of": "knee|hip|shoulder|lung|kidney|breast|eye|ear|hand|foot|ankle|elbow|side|lobe",
}  # fmt: skip
ALPHABET = listed(
    "alpha bravo charlie delta echo foxtrot golf hotel india juliet kilo lima mike november oscar papa "
    "quebec romeo sierra tango uniform victor whiskey x-ray yankee zulu"
)

NUMBERS = """{size}
{sizes}
{dose}
{value}
{vertebra}
{pressure}
{percent}
{date}
{degrees}
it measures {size}
measures {sizes}{,} previously {sizes}
measuring {size} in diameter
a {size} {thing}
a {size} focus in the {place}
there is a {size} {thing} in the {place}
there are {few} {thing} measuring up to {size}
we see a {size} {adj} {thing}
i measure a {size} {thing} at the {place}
i find {few} foci{,} the largest is {size}
i note a {sizes} {adj} {thing}
the {thing} is {size}{,} it was {size}
{size} above the carina
{size} from the {lr} {anatomy}
{sizes} {thing} on the {lr}
the {lr} kidney measures {size}{,} the {lr} {size}
no {thing} larger than {size}
not larger than {size}
no {finding} at {level}
grew from {size} to {size}
slice thickness {size}
image {few} of series {few}
segment {few} {adj} {thing}
{drug} {dose} {frequency}
give {dose}
{dose} of {drug}
{drug} {dose}{,} not {dose}
reduce {drug} from {dose} to {dose}
increase to {dose} {frequency}
{drug} {dose} {route} for {duration}
no more than {dose}
{dose} {frequency}
do not give {drug}
never {drug}
{lab} {value}
{lab} is {value}
{lab} {value} and {lab} {value}
{lab} fell from {value} to {value}
{lab} rose to {value} on {date}
{lab} not above {value}
{lab} was {value}{,} now {value}
potassium {value}{,} sodium {value}
hemoglobin {value}
inr {value}
troponin {value}
ph {value}
blood pressure {pressure}
blood pressure was {pressure} and {pressure}
heart rate {rate}
pulse {rate}{,} respirations {rate}
temperature {degrees}
oxygen saturation {percent} on {few} liters
{percent} on room air
ejection fraction {percent}
{percent} stenosis of the {lr} {anatomy}
stenosis of {percent} to {percent}
weight {value} kilograms{,} height {value} centimeters
{vertebra} fracture
{vertebra} to {vertebra}
at {vertebra} and {vertebra}
compression of {vertebra}
{level} {spine_finding}
fusion of {level}
metastasis in {vertebra}
the {fingers} {lr} rib
fracture of the {lr} {fingers} metacarpal
{few} of {few} lymph nodes
{few} days of {symptom}
{few} episodes of {symptom} in {few} weeks
age {age}
{age} year old
{age} year old {person}{,} day {few} after {procedure}
on {date}
since {date}
seen on {date} and {date}
grade {few} of {few}
{stage} {diagnosis}
gleason {few} plus {few}
birads {few}
apgar {few} and {few}
pain {few} out of ten
{lr} {side_of}
the {lr} {side_of}{,} not the {lr}
on the {lr}{,} not on the {lr}
{lr} {side_of} normal{,} {lr} {side_of} {finding}
no {finding}
no {finding}{,} no {finding}
not {finding}
without {finding}
neither {symptom} nor {symptom}
{she} denies {symptom}
never had {diagnosis}
negative for {finding}
there is no {finding} on the {lr}
{lr} greater than {lr}
{few} times {few}
{few} centimeters
{few} millimeters
{few} milligrams
point {few} milligrams
zero point {few}
{few} point {few}
{few} point {few} by {few} point {few}
one hundred {few}
{few} hundred
{few} hundred and {few}
{few} thousand"""
"""No frame of these is one of the test's."""

DEV_NUMBERS_FRAMES = """there were {few} {thing}{,} all under {size}
i would call that {size} at most
she now takes {dose} of {drug}{,} down from {dose}
compare this to {size} on {date}
the {lr} one is {size} and the {lr} one {size}
we gave {dose} {route} at once
from {vertebra} down to {vertebra} nothing is seen
his {lab} was {value} yesterday and {value} today
{percent} of the {lr} {anatomy} is lost
it has been {few} weeks since {date}
please start {drug} {dose} {frequency}
there is neither {finding} nor {finding} on the {lr}
she is {age} and has had {few} {thing}
i see {few} {thing} of {size} on the {lr}"""
"""No frame of these is one of training's or of the test's."""
DEV_COMMANDS, DEV_NUMBERS, DEV_MORE_NUMBERS = 40, 40, 112
TEST_COMMANDS, TEST_NUMBERS, TEST_DICTATION = 18, 24, 18
"""Sentences of the second test set, on which no earlier model was looked at."""

TEST_NUMBERS_FRAMES = """i count {few} {thing} of up to {size} around the {place}
her {lab} this week is {value} compared to {value}
let us go with {drug} {dose} rather than {dose}
the {lr} {side_of} is {size} longer than the {lr}
between {vertebra} and {vertebra} i see {spine_finding}
it should read {size} instead of {size}
her pressure came down to {pressure} with {drug} {dose}
roughly {percent} of the {anatomy} is involved on the {lr} side only
he has no {symptom} and was last seen on {date}
largest of these is {sizes} in size
the patient took {dose} of {drug} by mistake
the {fingers} and {fingers} toes on the {lr} are not involved
sats were {percent} at a rate of {rate}
that makes {few} lesions{,} none above {size}"""
TEST_DICTATION_FRAMES = """what strikes me is {degree} {finding} with {finding}
my main worry is {diagnosis}{,} less likely {diagnosis}
for now keep {drug} and {drug}{,} and add {drug}
the referring team wonders about {finding} of the {place}
nothing suggests {diagnosis} or {diagnosis}
given {diagnosis}{,} {procedure} seems reasonable
{organism} was found again despite {drug}
both {anatomy} and {anatomy} look {lot}{,} yet {finding} remains
would you rather use {drug} or {drug} here
the last {study} already showed {finding}"""


def _wordings(table: str) -> Iterator[str]:
    """Every wording of every line: ``(a|b)`` stands for one of them."""
    for line in table.split("\n"):
        parts = re.split(r"\(([^)]*)\)", line)
        choices = [part.split("|") if n % 2 else [part] for n, part in enumerate(parts)]
        for chosen in itertools.product(*choices):
            yield re.sub(r"\s+", " ", "".join(chosen)).strip()


def _letters(rng: random.Random) -> str:
    return " ".join(rng.choice(ALPHABET) for _ in range(rng.randint(3, 6)))


def _writer(terms: Terms, seed: int) -> Writer:
    rng = random.Random(seed)
    letters = {
        "letters": [_letters(rng) for _ in range(60)],
        "capital": [f"capital {_letters(rng)}" for _ in range(20)],
    }
    return Writer(terms | {slot: words.split("|") for slot, words in WORDS.items()} | letters, seed)


def commands(terms: Terms, seed: int = 21, rounds: int = 3) -> list[Sentence]:
    """All wordings here and in the table of commands; those with words of a report in them ``rounds`` times,
    with other words."""
    writer, rng, out = _writer(terms, seed), random.Random(seed), dict[str, Sentence]()
    lines = list(dict.fromkeys(_wordings(COMMANDS)))
    for turn in range(rounds):
        for line in rng.sample(lines, len(lines)):
            if turn and "{" not in line:
                continue
            text = writer.fill(line, "command").text
            if turn == 0 and rng.random() < 0.08:
                text = rng.choice([f"please {text}", f"{text} please", f"okay {text}"])
            out.setdefault(text, Sentence("command", text, ()))
    for phrase in (phrase for row in TABLE for phrase in row.phrases if "<" not in phrase):
        out.setdefault(phrase, Sentence("command", phrase, ()))
    return list(out.values())


def numbers(
    terms: Terms, many: int, seed: int = 22, frames: str = NUMBERS, kind: str = "number"
) -> list[Sentence]:
    """``many`` sentences with numbers, units, dates, vertebrae, sides and negations, every frame in turn."""
    writer, out = _writer(terms, seed), dict[str, Sentence]()
    while len(out) < many:
        sentence = writer.write(frames, kind, shortest=1)
        out.setdefault(sentence.text, sentence)
    return list(out.values())


def development(terms: Terms) -> list[Sentence]:
    """Commands and numbers to choose a model on, in the voices of development."""
    said = random.Random(5).sample(commands(terms, seed=31, rounds=2), DEV_COMMANDS)
    return said + numbers(terms, DEV_NUMBERS, seed=32)


def more_numbers(terms: Terms) -> list[Sentence]:
    """Numbers to choose a model on, in frames that training does not use."""
    return numbers(terms, DEV_MORE_NUMBERS, seed=35, frames=DEV_NUMBERS_FRAMES, kind="more numbers")


def test(terms: Terms) -> list[Sentence]:
    """The second test set: commands, numbers and dictation in frames that nothing else uses."""
    said = random.Random(6).sample(commands(terms, seed=41, rounds=2), TEST_COMMANDS)
    counted = numbers(terms, TEST_NUMBERS, seed=42, frames=TEST_NUMBERS_FRAMES)
    return [
        *said,
        *counted,
        *numbers(terms, TEST_DICTATION, seed=43, frames=TEST_DICTATION_FRAMES, kind="med"),
    ]
