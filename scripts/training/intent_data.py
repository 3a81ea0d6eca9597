#!/usr/bin/env python
"""Writes assistant/intents/data/train.tsv from the templates beside it, seeded, same file every time.

A line is label, specialty, text and group; one template (or one hand-written line) is one group, so
that validation never sees a template that was trained on. Lines of the held-out sets are left out.
"""

import random
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HELD = (
    ROOT / "tests/data/intents.tsv",
    ROOT / "tests/data/intents_second.tsv",
    ROOT / "tests/data/intents_third.tsv",
    ROOT / "tests/data/intents_fourth.tsv",
    ROOT / "tests/data/intents_fifth.tsv",
    ROOT / "tests/data/intents_sixth.tsv",
    ROOT / "tests/data/intents_seventh.tsv",
)
DATA = ROOT / "assistant/intents/data"
OUT = DATA / "train.tsv"
PER_TEMPLATE = 7
PER_KIND = 10
"""Names of templates that stand for a kind: their slots are whole phrases."""
_KIND = re.compile(r"\{(?:ORDER|TALK|LATER|ASKS|DIRECT|NUM|BIG|HIGH)\}")

SLOTS: dict[str, dict[str, str]] = {
    "radiology": {
        "F": "pneumothorax|small pleural effusion|nodule|consolidation|mass|hemorrhage|fracture|cyst|opacity"
        "|disc protrusion|adenopathy|hydronephrosis|infarct|free fluid|ground glass opacity|stenosis",
        "A": "right lower lobe|left kidney|liver|pancreatic head|right upper lobe|left lung base|L5 S1 level"
        "|mediastinum|distal radius|left hip|frontal lobe|spleen|gallbladder|aorta|thyroid|left breast",
        "C": "pneumonia|metastasis|pulmonary embolism|appendicitis|diverticulitis|cholecystitis|malignancy",
        "T": "chest x-ray|CT|MRI|ultrasound|mammogram|PET CT|radiograph|CT angiogram|bone scan",
        "D": "gadolinium|iodinated contrast|glucagon|metformin",
    },
    "cardiology": {
        "F": "ST elevation|murmur|pericardial effusion|left bundle branch block|mitral regurgitation"
        "|wall motion abnormality|prolonged QT|aortic stenosis|edema",
        "A": "left ventricle|right atrium|mitral valve|lead two|aortic root|left anterior descending artery",
        "C": "atrial fibrillation|heart failure|endocarditis|myocardial infarction|pericarditis|hypertension",
        "T": "ECG|echocardiogram|stress test|troponin|BNP|Holter monitor|cardiac catheterization",
        "D": "metoprolol|lisinopril|apixaban|amiodarone|furosemide|warfarin|atorvastatin|spironolactone",
    },
    "internal": {
        "F": "anemia|leukocytosis|low sodium|proteinuria|weight loss|fever|elevated creatinine|rash|dyspnea",
        "A": "abdomen|liver|lungs|lower extremities|neck|left arm|kidneys",
        "C": "diabetes|sepsis|gout|celiac disease|hypothyroidism|COPD|asthma|cirrhosis|lupus"
        "|urinary tract infection",
        "T": "CBC|hemoglobin A1c|lipid panel|urinalysis|TSH|chest x-ray|colonoscopy|metabolic panel|ferritin",
        "D": "metformin|prednisone|insulin|levothyroxine|omeprazole|doxycycline|ceftriaxone|allopurinol",
    },
    "surgery": {
        "F": "hernia|abscess|wound dehiscence|hematoma|seroma|leak|obstruction|nonunion",
        "A": "right groin|midline incision|left knee|gallbladder fossa|anastomosis|rotator cuff|drain site",
        "C": "appendicitis|bowel obstruction|wound infection|compartment syndrome|deep vein thrombosis"
        "|osteoarthritis",
        "T": "CT|wound culture|hip x-ray|pathology|CBC|MRI|upper GI series",
        "D": "cefazolin|heparin|enoxaparin|oxycodone|acetaminophen|aspirin",
    },
    "pediatrics": {
        "F": "rash|fever|cough|ear pain|wheeze|heart murmur|jaundice|limp",
        "A": "right ear|throat|abdomen|left elbow|chest|scalp",
        "C": "otitis media|croup|bronchiolitis|asthma|Kawasaki disease|strep throat|intussusception",
        "T": "strep test|bilirubin|chest x-ray|lead level|urine culture|hip ultrasound",
        "D": "amoxicillin|ibuprofen|albuterol|acetaminophen|dexamethasone|cetirizine",
    },
    "neurology": {
        "F": "facial droop|aphasia|tremor|headache|weakness|seizure|diplopia|neglect",
        "A": "left arm|right leg|cerebellum|brainstem|occipital lobe|cervical cord",
        "C": "stroke|multiple sclerosis|Parkinson disease|migraine|myasthenia gravis|meningitis|epilepsy",
        "T": "MRI brain|EEG|lumbar puncture|nerve conduction study|CT head|carotid duplex",
        "D": "levetiracetam|alteplase|sumatriptan|gabapentin|carbidopa levodopa|lamotrigine",
    },
    "oncology": {
        "F": "lesion|nodule|lymphadenopathy|neutropenia|mole|mucositis|tumor|ulcer|plaque",
        "A": "left breast|back|axilla|colon|scalp|liver|prostate|right forearm",
        "C": "melanoma|breast cancer|lymphoma|psoriasis|basal cell carcinoma|myeloma|eczema",
        "T": "biopsy|PET CT|tumor markers|CBC|bone marrow|immunostain|dermoscopy",
        "D": "tamoxifen|pembrolizumab|cisplatin|ondansetron|methotrexate|triamcinolone",
    },
    "psychiatry": {
        "F": "suicidal ideation|insomnia|anxiety|low mood|hallucinations|agitation|bleeding|visual loss",
        "A": "head|chest|eyes|hands|pelvis|right eye",
        "C": "depression|bipolar disorder|delirium|alcohol withdrawal|glaucoma|preeclampsia|schizophrenia",
        "T": "PHQ nine|lithium level|urine drug screen|TSH|fundus photo|nonstress test",
        "D": "sertraline|lithium|olanzapine|lorazepam|quetiapine|trazodone|labetalol",
    },
}
COMMON = {
    "N": "two|three|four|five|six|ten|twelve|twenty|3|5|12|0.5|2.5",
    "U": "millimeters|centimeters|mm|cm|milligrams|mg|percent",
    "W": "days|weeks|months|years|hours",
    "P": "the patient|patient|he|she|the mother|his wife|the family|mom|her daughter|the son|dad|pt"
    "|the husband"
    "|the nurse|doctor Smith|the referring physician",
    "S": "the patient|he|she|this patient",
    "ADJ": "stable|unchanged|normal|enlarged|clear|intact|mildly dilated|unremarkable|abnormal|worse|present",
    "THIS": "this|that|it|the finding|this finding",
    "BE": "is|was|are|were",
    "MON": "January|March third|last year|2021|May 2023|yesterday|last week|Monday",
    "COL": "neurology|the family|the surgeon|pharmacy|cardiology|his primary care doctor"
    "|the referring physician"
    "|physical therapy|social work|doctor Lee",
    "ASKED": "asks|asked|wonders|wondered|wants to know|would like to know|inquired|is asking|is unsure"
    "|was not sure|has questions about",
    "DOC": "report|findings|note|study|history|labs|chart|case|results|document|images",
    "V": "consider|suggest|recommend|think of|worry about|suspect",
    "PL": "please|now|ok|okay|so|and|also|then|well",
}


COMMON |= {
    "SEC": "impression|findings|technique|history|plan|assessment|recommendation|comparison|medications",
    "X": "chest|abdomen|knee|spine|exam|neuro exam|heart",
    "UN": "word|sentence|line|paragraph",
}

COMMON |= {  # orders of a plan, and what asks for information
    "ORDER": "check|recheck|compare|look|measure|review|follow|monitor|evaluate|assess|screen|survey"
    "|reassess|watch"
    "|trend|track|repeat|get|verify|monitor|examine|look again|correlate|chart|recalculate|test",
    "TALK": "summarize|explain|describe|draft|translate|discuss|outline|review|list|record|document"
    "|define|name",
    "LATER": "tomorrow|tomorrow morning|in the morning|this evening|tonight|on Friday|next week|next month"
    "|in {N} {W}|in one year|every {N} hours|every shift|every morning|each visit|twice daily|weekly|daily"
    "|at the next visit|at follow up|at discharge|after discharge|before discharge|before surgery"
    "|before the next dose|after the second dose|on the next {T}|on the follow up {T}|at the next {T}"
    "|once {S} is home|when available|if the {F} persists|if {S} worsens|if not better|until {ADJ}"
    "|until it resolves|as an outpatient|as needed|while on {D}|after {N} {W} of {D}|postoperatively",
    "NUM": "two|four|six|ten|twelve|fifty|ninety|one hundred|five point one|two point five|zero point nine"
    "|three point eight|thirty eight|one hundred and ten|4.2|7|11|0.8|38.2|140|5.1",
    "PAPER": "discharge summary|referral letter|progress note|operative note|consult note|handoff"
    "|clinic letter"
    "|after visit summary|work note|letter to the family doctor",
    "INSTR": "instructions|discharge instructions|leaflet|consent form|plan|care plan|results",
    "LANG": "Spanish|French|plain English|lay language|German|Polish",
    "UA": "millimeter|centimeter|mm|cm",
    "BIG": "dilated|enlarged|normal|abnormal|large|big|thick|wide|small|narrow|long|thin|tall"
    "|aneurysmal|suspicious"
    "|acceptable|within normal limits|pathologic|concerning|borderline|significant",
    "HIGH": "high|low|normal|abnormal|elevated|dangerous|acceptable|safe|concerning|critical|bad|good|okay"
    "|fast|slow|worrisome|within range|borderline|reduced|therapeutic",
    "PART": "aortic root|common bile duct|appendix|spleen|gallbladder wall|endometrium|lymph node|portal vein"
    "|ascending aorta|ventricle|left atrium|thyroid nodule|renal cyst|optic nerve sheath|kidney|ovary|thymus",
    "LAB": "potassium|sodium|creatinine|hemoglobin|INR|lactate|ferritin|TSH|heart rate|blood pressure|glucose"
    "|ejection fraction|platelet count|troponin|bilirubin|temperature|respiratory rate|white count|PSA",
    "WHOM": "a child|a newborn|an adult|a woman|a man|pregnancy|an infant|an athlete|the elderly"
    "|a dialysis patient"
    "|this patient|his age|her age|someone on {D}|a ten year old",
    "ATTR": "dose|maximum dose|loading dose|half life|mechanism|onset|side effects|cost|renal dose"
    "|pediatric dose"
    "|interactions|contraindications|reversal|antidote|duration|indications",
    "ASKS": "what the dose of {D} is|how long to give {D}|if {D} is safe in {C}"
    "|whether {D} interacts with {D}"
    "|whether the {F} has changed|why the {F} is there|what causes {F}|how to dose {D}|how to treat {C}"
    "|which {T} is best for {C}|when to stop {D}|what the {T} showed|how often to repeat the {T}"
    "|if this is {C}|what the guideline says about {C}|who needs {a} {T}|where the {F} is",
    "DIRECT": "what is the dose of {D}|is {D} safe in {C}|can {S} take {D}|how long do I give {D}"
    "|does {D} cause {F}"
    "|which drug is best for {C}|should I repeat the {T}|what causes {F}|when do I stop {D}|is the {F} new"
    "|how do you treat {C}|would you get {a} {T}|has the {F} grown|how many {W} of {D}|why is {S} on {D}",
}


def fill(template: str, slots: dict[str, str], rng: random.Random) -> str:
    def one(match: re.Match[str]) -> str:
        return "\0" if match[1] == "a" else rng.choice((slots | COMMON)[match[1]].split("|"))

    text = template
    while "{" in text:  # what fills a slot may have slots of its own
        text = re.sub(r"\{(\w+)\}", one, text)
    text = re.sub(r"\0 (?=[aeiouAEIOU])", "an ", text).replace("\0 ", "a ")
    return text.replace(" 's", "'s")


def spell(text: str, label: str, rng: random.Random) -> str:
    """As recognisers write it: bare, with capitals and stops, or with spoken or marked punctuation."""
    if label == "dictation" and rng.random() < 0.22:
        text += rng.choice(
            [" and no fracture", " as discussed", " at this time", " today", " per protocol", " as before"]
        )
    elif label == "question" and rng.random() < 0.2:
        text += rng.choice([" please", " in this patient", " here", " on this image", " then", " for me"])
    reported = re.match(r"(?:\S+ ){0,3}(?:ask|wonder|question|quer|clinical|worri)", text) is not None
    asks = label == "question" or (reported and rng.random() < 0.5)
    kind = rng.random()
    if kind < 0.45:
        return text
    if kind < 0.86:
        return text[:1].upper() + text[1:] + ("?" if asks and rng.random() < 0.7 else ".")
    if kind < 0.92:
        return text + (" question mark" if asks and rng.random() < 0.5 else " period")
    mark = "{question mark}" if asks and rng.random() < 0.5 else "{period}"
    head = "[FINDINGS] " if label == "dictation" and rng.random() < 0.3 else ""
    return f"{head}{text[:1].upper()}{text[1:]} {mark}"


def plain(text: str) -> str:
    return " ".join(re.findall(r"[a-z0-9']+", text.casefold()))


def main() -> None:
    rng = random.Random(5)
    held = {
        plain(line.split("\t")[2])
        for path in HELD
        if path.exists()
        for line in path.read_text().splitlines()[1:]
    }
    rows: list[tuple[str, str, str, str]] = []
    seen: set[str] = set()
    for label, name in (("question", "questions"), ("dictation", "dictation"), ("command", "commands")):
        for number, template in enumerate((DATA / f"{name}.txt").read_text().splitlines()):
            specialties = list(SLOTS)
            rng.shuffle(specialties)
            count = PER_KIND if _KIND.search(template) else PER_TEMPLATE if "{" in template else 2
            for turn in range(count):
                specialty = specialties[turn % len(specialties)]
                said = fill(template, SLOTS[specialty], rng)
                text = spell(said, label, rng)
                key = plain(text)
                if key in seen or key in held or plain(said) in held:
                    continue
                seen.add(key)
                rows.append((label, specialty, text, f"{label[0]}{number}"))
    OUT.parent.mkdir(exist_ok=True)
    lines = ["label\tspecialty\ttext\tgroup", *("\t".join(row) for row in rows)]
    OUT.write_text("\n".join(lines) + "\n")
    print(f"{OUT.relative_to(ROOT)}: {len(rows)} utterances")


if __name__ == "__main__":
    main()
