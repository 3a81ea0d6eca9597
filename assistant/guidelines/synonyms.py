"""Words of questions that mean what guidelines call something else. Pure.

Each line is one meaning; a word may be in one line only. Several words stand for themselves together.
"""

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

MEANING: dict[str, int] = {word: i for i, group in enumerate(GROUPS) for word in group}
LONGEST_WORDS = max(len(word.split()) for word in MEANING)
