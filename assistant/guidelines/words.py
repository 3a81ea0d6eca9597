"""Words of questions: what says nothing, what only asks about a subject, what means the same. Pure."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


UNSAID = _words(
    """
    a about after all am an and any are as at be been being but by can could did do does doing done for
    from get give given go had has have having he her him his how i if in into is it its just like may
    me might mine more most must my need of on or our out per please shall she should so some such tell
    than that the their them then there these they this those to up us use used very was we were what
    when where whether which while who why will with would you your patient patients assistant guideline
    guidelines according say says recommend recommended recommends recommendation
    """
)
"""Say nothing about the subject of a question to a guideline."""
FRAME = _words(
    """
    acute add allowed avoid best cause causes choice classification classified classify common
    contraindicated criteria criterion current days definition describe diagnose diagnosed diagnosis
    disease dosage dose doses dosing drug drugs duration exam fast first grade graded happen help high
    hours how important indicated indication interpret interval intervals kind last level levels line
    long low manage managed management maximum mean meaning means measure minimum months much normal
    number old often option options percent period person people previous problem quick rate reliable
    risk safe score scored second should sign signs similar stage staged staging start starting step
    stop stopped sure symptom symptoms target targets test time times treat treated treatment type types
    value values weeks window work years
    """
)
"""Say what is asked about a subject, not which subject."""
GROUPS: tuple[tuple[str, ...], ...] = tuple(
    tuple(word.strip() for word in line.split("/"))
    for line in """
    x ray/radiograph/film/xray/roentgenogram/cxr
    kidney/renal/nephropathy/ckd/egfr
    liver/hepatic
    heart/cardiac
    lung/pulmonary
    brain/cerebral/intracranial
    bowel/intestine/intestinal/gut
    stomach/gastric
    skin/cutaneous
    bone/osseous
    bladder/cystitis/lower urinary tract
    urinary tract infection/uti
    bacteriuria/bacteria in the urine
    blood pressure/hypertension/hypertensive
    heart attack/myocardial infarction/stemi/nstemi/acute coronary syndrome
    heart failure/chf/hfref
    stroke/cerebrovascular accident/cva/cerebral infarction
    transient attack/transient ischaemic attack/transient ischemic attack/tia
    atrial fibrillation/afib/af
    pulmonary embolism/pe
    deep vein thrombosis/dvt/venous thrombosis
    clot/thrombus/thrombosis
    bleeding/haemorrhage/hemorrhage/bleed
    blood thinner/anticoagulant/anticoagulation/doac
    low molecular weight heparin/lmwh/enoxaparin
    sugar/glucose
    ketoacidosis/dka
    diabetes/diabetic
    hypoglycaemia/hypoglycemia/low sugar
    hyperglycaemia/hyperglycemia/high sugar
    anaemia/anemia
    oedema/edema/swelling
    fever/febrile/pyrexia/temperature
    seizure/convulsion/fit/epilepsy
    baby/infant/newborn/neonate
    child/children/paediatric/pediatric
    elderly/older/old
    pregnant/pregnancy
    breastfeed/breastfeeding/lactation/nursing
    surgery/operation/surgical/perioperative/procedure
    lumbar puncture/spinal tap
    admit/admitted/admission/hospitalise/hospitalize/inpatient
    discharge/discharged
    oral/mouth/tablet/po
    intravenous/iv
    allergy/allergic/reaction/hypersensitivity
    anaphylaxis/anaphylactic
    adrenaline/epinephrine
    noradrenaline/norepinephrine
    paracetamol/acetaminophen
    salbutamol/albuterol
    antibiotic/antimicrobial
    steroid/corticosteroid/prednisolone/prednisone
    vasopressor/pressor
    potassium/hypokalaemia/hyperkalaemia/hypokalemia/hyperkalemia
    sodium/hyponatraemia/hypernatraemia/hyponatremia/hypernatremia
    tumour/tumor/neoplasm/mass
    cancer/malignant/malignancy/carcinoma
    gadolinium/mri contrast
    contrast/contrast agent/contrast medium
    ultrasound/sonography
    mild/low severity/nonsevere
    severe/high severity
    follow/surveillance
    leak/leaked/extravasation
    prophylaxis/prophylactic/prevention/prevent
    ventilation/ventilator/intubation
    copd/chronic obstructive pulmonary disease
    fluid/saline/crystalloid
    sepsis/septic
    millimeter/millimetre/mm
    centimeter/centimetre/cm
    """.strip().splitlines()
)
"""Each line is one meaning, its words apart by slashes; a word is in one line only."""

MEANING: dict[str, int] = {word: i for i, group in enumerate(GROUPS) for word in group}
LONGEST_WORDS = max(len(word.split()) for word in MEANING)
