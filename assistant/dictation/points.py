""" "Point": a place or a time, or the point in a number. Pure."""

from assistant.dictation.tokens import table

_NOUN = frozenset(
    table(
        "an the this that these those each every any some no one's which what another same first second third "
        "last next other my his her its their our "
        "entry exit trigger pressure tender puncture access starting start end ending mid middle set boiling "
        "melting freezing break breaking cut check time data focal fixation insertion injection incision reference "
        "pin turning decision high low landmark bleeding transition anchor anchoring pivot contact transfer "
        "stand vantage view power match bullet talking selling dew near far critical meeting focus origin apex "
        "acupuncture motor nerve needle stop inflection isoelectric end-point standpoint viewpoint midway halfway "
        "sticking flash key main major important whole entire good weak strong certain particular exact"
    )
)
_DECIMAL = frozenset(
    table(
        ". , : ; ( - + / of was is are were to from by about approximately only than measures measuring measured "
        "previously formerly now currently initially today approx max maximum minimum peak mean average up down "
        "and or with plus minus equals equal gave given received give start started starting continue continued "
        "level levels increase increased decrease decreased reduce reduced taper dose rate value titer negative under below "
        "above over "
        "dimer troponin creatinine tsh lactate bilirubin inr crp procalcitonin calcitonin psa cea digoxin lithium "
        "ratio index ferritin hemoglobin wbc count fluoxetine clonidine alprazolam lorazepam clonazepam diazepam "
        "risperidone colchicine haloperidol haldol benztropine dexamethasone epinephrine norepinephrine atropine "
        "glycopyrrolate naloxone narcan flumazenil hydromorphone dilaudid terbutaline methylergonovine methergine "
        "nitroglycerin estradiol tamsulosin dutasteride repaglinide semaglutide ozempic dulaglutide liraglutide "
        "exenatide fentanyl vasopressin phenylephrine dexmedetomidine precedex bumetanide bumex ativan xanax "
        "klonopin levothyroxine buprenorphine morphine midazolam versed insulin atropine timolol brimonidine "
        "chlorhexidine bupivacaine ropivacaine lidocaine hydrocortisone triamcinolone warfarin"
    )
)
"""Behind these "point five" is 0.5; behind any other word it may be a place, and stays as it was said."""


_DETERMINERS = frozenset(table("the this that each every some any his her my its their"))


def is_noun(before: str, early: str) -> bool:
    """Whether "point" behind ``early before`` is a place or a time: "at that point", "the midclavicular point"."""
    if before in _NOUN or before.endswith("'s"):
        return True
    return early in _DETERMINERS and before.isalpha() and not opens_decimal(before)


def opens_decimal(before: str) -> bool:
    """Whether "point five" behind ``before`` is 0.5."""
    return not before or before in _DECIMAL or not before[0].isalnum()
