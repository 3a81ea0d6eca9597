#!/usr/bin/env python
"""Writes assistant/intents/data/train.tsv: utterances by grammar and by hand, seeded, same file every time.

A line is label, specialty, text and group; one template (or one hand-written line) is one group, so
that validation never sees a template that was trained on. Lines of the held-out sets are left out.
"""

import random
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HELD = (
    ROOT / "tests/data/intents.tsv",
    ROOT / "tests/data/intents_second.tsv",
    ROOT / "tests/data/intents_third.tsv",
)
OUT = ROOT / "assistant/intents/data/train.tsv"
PER_TEMPLATE = 8

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

QUESTIONS = """
will {D} hurt {S}|will {D} affect the {A}|will the {T} show {C}|will this {F} go away|will surgery fix the {F}
will contrast worsen the {F}|will {D} raise the {T}|will this affect the {A}|will it spread to the {A}
read the {T} back|read the lab values back to me|read the {DOC} back|is the tip of the tube in the {A}
is the end of the line in the {A}|is the edge of the {F} smooth|is the cause of the {F} {C}
is the {F} the cause of the {F}
are the {A} and the {A} {ADJ} for age|are the {F}s {ADJ} for age
what was his {T} yesterday|what was her {T} on {MON}
is it safe to give {D}|is it safe to stop {D}|is it okay to start {D} in {C}|can {D} and {D} be combined
is there {a} {F}|is there {a} {F} in the {A}|is there any evidence of {C}|is there any {F} here
are there any {F}s
are there signs of {C}|are there other {F}s in the {A}|is this {C}|is it {C}|is this {a} {F}
is that {a} {F} in the {A}
is this a {F} or {a} {F}|is the {A} {ADJ}|is the {F} {ADJ}|is the {F} new|is the {A} involved
is the {F} bigger than before
are the {F}s new|are these {F}s|are those {F}s from {C}|are the lungs {ADJ}|was there {a} {F} on the prior {T}
was the {T} {ADJ}|was {S} given {D}|were there any {F}s on the last {T}|is {S} on {D}|is {S} allergic to {D}
is {D} safe in {C}|is {D} contraindicated in {C}|is {D} okay with {D}|is {C} likely
is {C} more likely than {C}
is {C} contagious|is {T} indicated|is {T} needed here|is a {T} necessary for {C}|is {N} {U} of {D} too much
is that {ADJ}|is this {ADJ} for a {N} year old|is the tube in good position|is the heart enlarged
is this a normal {T}
does {S} have {C}|does {S} need {a} {T}|does this look like {C}|does this {T} show {a} {F}
does {THIS} suggest {C}
does {D} cause {F}|does {D} interact with {D}|does the {F} enhance|does the {A} look {ADJ}
does {C} explain the {F}
does {C} cause {F}|do you see {a} {F}|do you see any {F} in the {A}|do you agree|do you agree with {C}
do you think this is {C}
do we need {a} {T}|do I need to stop {D} before {a} {T}|do I have to adjust {D}|do the labs fit with {C}
do these findings suggest {C}|do patients with {C} need {D}|do the findings meet criteria for {C}
do {D} and {D} interact
did {S} have {a} {T}|did I mention the {A}|did I dictate the {A}|did we give {D}|did the {F} grow
did you find {a} {F}
have I described the {A}|have I missed anything|have you seen the {T}|has the {F} changed
has the {F} grown since {MON}
has {S} ever had {a} {T}|has {S} been on {D}|had {S} been given {D} before the {T}
had the {F} been there before
can you summarize the {DOC}|can you see {a} {F}|can you describe the {A}
can you compare it with the {T} from {MON}
can you read the {DOC} to me|can you tell me what this is|can you check the {A}|can you draft an impression
can you explain {THIS}
can I give {D} with {D}|can I give {D} in {C}|can I start {D}|can we use {D} in {C}|can this be {C}
can {D} cause {F}
can {C} present with {F}|can {C} look like this|can {S} take {D}|can {THIS} be seen in {C}|can it be {C}
could this be {C}|could it be {C}|could the {F} be {C}|could {D} cause the {F}|could you look at the {A}
could you measure the {F}
could you list the causes of {F}|could you please interpret the {T}|could {C} explain {THIS}
could this represent {C}
would you call this {C}|would you recommend {a} {T}|would you start {D}|would {D} help|would {a} {T} help
would {C} look like this
would it be {C}|would a {T} change anything|will {D} help with {F}|will {S} need {a} {T}|will the {F} resolve
should I {V} {C}|should I order {a} {T}|should I stop {D}|should I be worried about the {F}
should we give {D}|should we repeat the {T}
should {S} be on {D}|should {S} get {a} {T}|should {D} be stopped|should {D} be held before {a} {T}
should the {F} be biopsied
may I give {D} with {D}|might this be {C}|might {D} be the cause|shall I order {a} {T}|must I stop {D}
must {D} be tapered
what is this|what is that|what is it|what is the {F}|what is the {F} in the {A}|what is the diagnosis
what is the most likely diagnosis
what is your impression|what is the differential for {F}
what is the differential diagnosis of {a} {F} in the {A}|what is the dose of {D}
what is the dose of {D} in {C}|what is the maximum dose of {D}|what is the half life of {D}
what is the treatment of {C}
what is the first line treatment for {C}|what is the best test for {C}|what is the next step
what is the size of the {F}
what is the normal size of the {A}|what is the sensitivity of {T} for {C}|what is the classification of {C}
what is the prognosis of {C}
what is seen on this {T}|what is wrong with the {A}|what is causing the {F}|what is the last {T}
what is abnormal here
what is the recommended follow up for {a} {N} {U} {F}|what is the mechanism of {D}
what is the significance of {a} {F}
what's the dose of {D}|what's the {F}|what's the differential|what's this {F}|what's the next step
what's wrong here|what's {S} on
whats the dose of {D}|what are the causes of {F}|what are the signs of {C}|what are the criteria for {C}
what are these {F}s
what are the side effects of {D}|what are {S} 's allergies|what are the guidelines for {C}
what are the findings|what are the key findings
what was the last {T}|what was the {T} on {MON}|what was the size of the {F} before|what was {S} 's {T}
what were the results of the {T}
what did the {T} show|what did I say about the {A}|what did I dictate|what did we find on the {T}
what do you see|what do you see in the {A}
what do you think|what do you think of the {F}|what do you think about the {A}|what do I do about the {F}
what do the guidelines say about {C}
what does this mean|what does {a} {F} mean|what does the {T} show|what does {THIS} represent
what does {THIS} suggest|what does the {A} look like
what could this be|what could cause {F}|what could be the cause of {F}|what could explain the {F}
what can cause {F}|what can I give for {F}
what can I use instead of {D}|what should I do next|what should I order|what should I give for {C}
what should the {T} be
what should I tell {S}|what would you do|what would you recommend|what would explain {F}
what would {a} {T} add|what causes {F}
what about the {A}|what about {D}|what about {C}|what if {S} is allergic to {D}|what else could it be
what else is on the differential
what else do you see|what might this be|what might cause {F}|what may cause {F} in {C}
what has changed since {MON}
what antibiotic for {C}|what dose of {D}|what dose of {D} for {C}|what type of {F} is this
what kind of {F} is it|what stage is this
what size is the {F}|what grade is the {F}|what lobe is the {F} in|what level is the {F}
what percentage of {C} patients get {F}
what tests should I order|what tests do I need for {C}|what labs should I get
what follow up does {a} {N} {U} {F} need|what imaging is best for {C}
which drug is best for {C}|which {T} is best|which side is the {F}|which side is it|which lobe is it in
which artery is affected|which of these is {C}
which antibiotic covers {C}|which {T} should I order|which patients need {D}|which criteria apply to {C}
which one is the {F}|which is better {D} or {D}
who needs {a} {T}|who should get {D}|who is at risk for {C}|who should I call about {C}|whose {T} is this
who is this patient
where is the {F}|where is the {A}|where is it|where do you see the {F}|where exactly is the {F}
where does {C} usually occur|where should I look for {F}
where can I see the {F}|where was the {F}|when is {a} {T} indicated|when should I repeat the {T}
when should {D} be stopped|when can I restart {D}
when do we treat {C}|when was the last {T}|when did {S} have the {T}|when does {C} need {D}
when is {D} given|when would you order {a} {T}
why is the {A} {ADJ}|why is the {T} {ADJ}|why is there {a} {F}|why does {S} have {F}|why would {D} cause {F}
why not {D}|why do you think so|why {C}
why was {D} stopped|why did you say {C}|why are the {F}s {ADJ}|why should I give {D}|why not give {D} here
how big is the {F}|how large is the {F}|how long is {D} given|how long should I treat {C}
how long does {F} last|how much {D} for {a} {N} year old
how much {D} can I give|how many {F}s are there|how many {F}s do you see|how many {W} of {D}
how often is {T} done|how often should I check the {T}
how do I treat {C}|how do I dose {D}|how do you tell {C} from {C}|how do I calculate the {T}
how do we manage {C}|how does {D} work|how does this compare with {MON}
how is {C} graded|how is {C} diagnosed|how is {C} treated|how is {D} dosed|how should I treat {C}
how should I report this {F}|how can I tell {C} from {C}
how would you describe the {F}|how would you treat {C}|how would you word the impression
how did the {F} change|how was the {T}|how likely is {C}|how bad is the {F}
how severe is the {F}|how sensitive is {T}|how specific is {T} for {C}|how far is the tube from the carina
how old is the {F}|how common is {C}|how about {D}|how come the {A} is {ADJ}
how confident are you|how sure are you about {C}|how high is the risk of {F}|how has the {F} changed
how have the labs changed since {MON}
summarize the {DOC}|summarize the {DOC} for me|summarise the {DOC} so far|summarize this case
please summarize the {DOC}|give me a summary of the {DOC}|give me a short summary
sum up the {DOC}|recap the {DOC} for me|interpret this {T}|interpret the {T}|please interpret the {T}
interpret these labs|analyze this image|please analyze the {T}
explain the {F}|explain {THIS} to me|explain what {C} is|explain why the {A} is {ADJ}|explain the {T} result
please explain {C} to me|explain how {D} works
describe this image|describe the {F}|describe the {F} in the {A}|describe what you see
please describe the {A} on this {T}|describe the {T}
show me the {F}|show me where the {F} is|show me the {A}|show me the last {T}|show me the guideline for {C}
please show me the {F}|show where the {F} is
tell me about {C}|tell me about the {F}|tell me the dose of {D}|tell me what you see
tell me if there is {a} {F}|tell me whether this is {C}|tell me more|tell me the last {T}
give me the dose of {D}|give me a differential|give me the differential for {F}|give me {N} causes of {F}
give me the criteria for {C}|give me an impression|give me your opinion
read the {DOC} to me|read me the {DOC}|read me the last {T}|read the {T} to me|read out the {DOC}
read the impression aloud|read the allergies to me please
draft an impression|draft an impression from these findings|draft a letter to {COL}
draft the assessment and plan|please draft a discharge summary|draft a plan for {C}|draft a {T} report
write an impression|write an impression for this {T}|write a summary for the patient
write me a note about {C}|please write a referral to {COL}|compose a message to {COL}
suggest a diagnosis|suggest a differential|suggest a treatment for {C}|suggest follow up for {a} {F}
propose a plan|propose a differential for {F}|generate an impression|generate a differential
list the causes of {F}|list the differential diagnoses|list possible causes of {F}
list the side effects of {D}|list the findings in the {T}|please list the problems
list the drugs that interact with {D}
find the {F}|find the last {T}|find me the guideline on {C}|find the {F} on this image|look up {D}
look up the dose of {D}|look for {a} {F}|look at the {A} and tell me what you see
search for guidelines on {C}
point out the {F}|point to the {F}|highlight the {F}|outline the {F} on the image|locate the {F}
mark where the {F} is|circle the {F} for me|measure the {F}|measure the {F} for me
identify the {F} on this image
compare this with the prior {T} for me|compare these two images
compare this {T} with the prior and tell me what changed|check this {T} for {F}|check the image for {F}
check my {DOC} for errors|check the interactions of {D} and {D}
calculate the score for {C}|calculate the dose of {D} for {N} kilograms|calculate {S} 's GFR
convert {N} {U} for me|translate this into plain language|translate the {DOC} into German
rephrase the impression for me
define {C}|help me with the differential|help me interpret the {T}|help me understand the {F}
walk me through the {T}|walk me through the work up of {C}|remind me of the criteria for {C}
remind me how {C} is graded|name the causes of {F}|name {N} causes of {F}
I want to know the dose of {D}|I'd like to know if this is {C}|I need the dose of {D}
I need a differential for {F}|I need to know whether {D} is safe in {C}|let me know if you see {a} {F}
I wonder could this be {C}|let me hear the {DOC}
any {F} here|any {F} in the {A}|any sign of {C}|any evidence of {C} on this {T}|any change since {MON}
any contraindication to {D}|any other ideas|anything else|anything in the {A}|anything abnormal
anything I missed|and the {A}
{PL} what is the {F}|{PL} is there {a} {F}|{PL} what about the {A}|{PL} how do I treat {C}
{PL} summarize the {DOC}|{PL} does this look like {C}|{PL} can you see the {A}
in {C} what is the dose of {D}|in a patient with {C} is {D} safe|for {C} what is the first line treatment
for this patient what would you recommend|on this {T} is there {a} {F}
given the {F} what is the differential|with a {T} like this should I {V} {C}
based on the {DOC} what is the diagnosis|at what {T} should I start {D}|in which {A} is the {F}
to which side does it go|from the labs is this {C}|after {D} when do I repeat the {T}
if {S} is allergic to {D} what can I give|is {S} a candidate for {D}|write {a} letter to {COL} about the {F}
write a letter to {S} about the {T}|write a patient friendly summary|put the {DOC} into plain language
put the {F} in simple words for {S}|put this in layman's terms|turn these findings into an impression
make a list of the problems|make an impression from the findings
normal range for {T}|normal range of {T} in {C}|dose of {D} in {C} please|side effects of {D} please
first line for {C} please|latest {T} please|differential for {F} please|best test for {C} please
explain the difference between {C} and {C}|explain the difference between {F} and {F} to me
what is the difference between {D} and {D}|difference between {C} and {C} please
is {D} contraindicated with a {T} of {N}|is {D} safe with a {T} of {N}|is {D} safe during pregnancy
can {D} be given with {F}|check the {DOC} for inconsistencies|proofread my {DOC}
is anything missing from the {DOC}|quiz me on {C}|pull up the last {T}|bring up the {T} from {MON}
open the prior {T} and compare
isn't this {C}|aren't these {F}s
doesn't this look like {C}|don't you think this is {C}|wouldn't you start {D}|couldn't this be {C}
"""

DICTATION = """
question of {a} {F}|question of {F} in the {A}|question {C}|question of {C} was raised
question whether this is {C}|question if the {F} is new|questionable {F} in the {A}
the question of {C} remains|the clinical question is {C}|clinical question {F}
clinical question is there {C}|there is a question of {F}|rule out {C}|evaluate for {C}|assess for {F}
query {C}|query {F} in the {A}|in question is the {F}
what appears to be {a} {F}|what appears to be {a} {F} is seen in the {A}|what looks like {a} {F}
what looks like {C} is noted|what may be {a} {F}|what might be {a} {F} is present
what could be {a} {F} is noted in the {A}|what is likely {a} {F} is seen|what is probably {C}
what was described as {a} {F}|what was previously called {C} is now {ADJ}|what is thought to be {C}
there is what appears to be {a} {F}|what is seen is {a} {F}|what {P} describes is {F}
what he calls {F} is really {F}|what she means by {F} is {F}|what we see in the {A} is {F}
what began as {F} is now {F}|what I see is {a} {F}|what is noted in the {A} is {ADJ}|what remains is {a} {F}
what caused the {F} is unknown|what {S} takes for {F} is not known
{P} {ASKED} whether the {F} is {C}|{P} {ASKED} if {D} is safe|{P} {ASKED} what the {T} showed
{P} {ASKED} why {D} was stopped|{P} {ASKED} how long the {F} will last|{P} {ASKED} is it {C}
{P} {ASKED} when to repeat the {T}|{P} {ASKED} about {D}|{P} asks can it be {C}
{P} asks what is the dose of {D}|{P} asked does it need {a} {T}|{P} asked me to explain the {T}
{P} asked that we summarize the {DOC}|{P} said what is the point of {D}|{P} questioned the need for {D}
{P} wants to discuss {D}|{P} wanted an explanation of the {T}|{P} would like a {T}
{P} does not know why {D} was started|{P} is concerned about whether it is {C}
we asked {P} if there was any {F}|I asked {P} how the {F} started
when asked where it hurts {S} points to the {A}|asked whether there was {F} {S} said no
asked if there is any {F} {S} denies it|they ask is it {C}|{P} keeps asking when will it get better
{P} worries could this be {C}|concern from {P} is whether {D} caused the {F}
{P} called to ask can I take {D}|{P} reports that {F} is better and asks should I stop {D}
please schedule {a} {T}|please schedule follow up in {N} {W}|please arrange {a} {T}
please order {a} {T} for {MON}|please refer to {COL}|please refer {S} to {COL}|please call {COL}
please call {S} with the {T}|please correlate with {T}|please correlate clinically|please see the {T} report
please see note from {MON}|please continue {D}|please stop {D}|please start {D} {N} {U} daily
please increase {D} to {N} {U}|please hold {D} before the {T}|please obtain {a} {T}
please repeat {T} in {N} {W}|please send {T} to {COL}|please fax the {DOC} to {COL}|please note {a} {F}
please note that the {A} is {ADJ}|please tell {S} to stop {D}|please tell {COL} about the {F}
please give {S} {D}|please give {N} {U} of {D}|please explain the risks to {S}|please inform {COL}
please let {COL} know|please have {S} return in {N} {W}|please remind {S} to take {D}
please check {T} in {N} {W}|please bring {S} back in {N} {W}|please make sure {S} gets {a} {T}
please find attached the {T}|please review the {T} with {S}|please ask {S} to bring the {D}
please ask {COL} whether {D} can be stopped|please provide {S} with {D}|please draw {a} {T}
please help {S} with {D}|please read the instructions before taking {D}
please show {S} how to use the inhaler|please describe the {F} to {COL}
compare with {T} of {MON}|compare to {T} from {MON}|compared with {T} the {F} is {ADJ}
compared to {MON} the {A} is {ADJ}|comparison {T} {MON}|comparison is made with {T} from {MON}
comparison none|correlate with {T}|correlation with {T} is advised|recommend {T}
recommend {a} {T} in {N} {W}|recommend comparison with prior {T}|recommendation {T} in {N} {W}
stop {D}|stop {D} because of {F}|stop {D} {N} days before surgery|stop {D} if {F} occurs|start {D}
start {D} {N} {U} daily|start {D} for {C}|hold {D}|hold {D} for {F}|continue {D}|continue {D} {N} {U}
increase {D} to {N} {U}|decrease {D} to {N} {U}|discontinue {D} due to {F}|resume {D} in {N} {W}
taper {D} over {N} {W}|switch from {D} to {D}|give {D} {N} {U}|give {D} {N} {U} for {F}|give {S} {D}
order {a} {T}|obtain {a} {T}|repeat {T} in {N} {W}|check {T} in {N} {W}|check {T} today
check the {T} before starting {D}|draw {T}|refer to {COL}|follow up with {COL}|follow up in {N} {W}
call {COL} if {F}|call {S} with the results|tell {S} to stop {D}|tell {COL} about the {F}|inform {COL}
explain to {S} the risks of {D}|explain to {S} what {C} is|explain to {COL} why {D} was stopped
explained to {S} the {T}|explained the {T} to {S}|explain the risks and benefits of {D} to {S}
describe the {F} to {COL}|show {S} how to use {D}|show {S} the {T}|remind {S} to take {D}|help {S} with {D}
ask {S} about {F}|ask {S} whether {D} helps|ask {COL} if {D} can be stopped|review {T} with {S}
discuss {D} with {S}|discuss with {COL} whether to start {D}|look for {F} at next visit|monitor for {F}
monitor {T} every {N} {W}|watch for {F}|consider {T}|consider {D} if {F}|consider {C}|avoid {D}
return if {F}|read {T} as normal|write {S} a prescription for {D}|write for {D} {N} {U}
list {D} as an allergy|list {S} for the {T}|find out whether {S} takes {D}|find out when the last {T} was
measure the {T} every {N} {W}|measure blood pressure at home|calculate fluid balance daily
translate for {S} with an interpreter|schedule {a} {T}|have {S} come back in {N} {W}|make sure {S} has {D}
let {S} know about the {T}|provide {S} with {D}|educate {S} on {D}|remove the drain in {N} {W}
insert a drain in the {A}|select {D} for {F}|replace the {A}|correct the {F}|delete {D} from the list
undo the wrap|go to the clinic on {MON}|go to the lab for {a} {T}|wake {S} every {N} hours
next visit in {N} {W}|next {T} in {N} {W}|previous {T} {MON}
is {ADJ}|is {ADJ} compared with {MON}|is again seen|is again noted in the {A}|is status post {T}
is status post repair of the {A}|is seen in the {A}|is not seen|is a {N} year old with {C}|is a smoker
is an otherwise healthy {N} year old|is on {D}|is on {D} for {C}|is allergic to {D}
is taking {D} {N} {U} daily|is able to walk {N} blocks|is here for follow up of {C}|is doing well on {D}
is alert and oriented|is afebrile|is consistent with {C}|is suspicious for {C}|is concerning for {C}
is likely {C}|is due for {a} {T}|is to return in {N} {W}|is without {F}|is most compatible with {C}
is tender over the {A}|is aware of the {F}|is negative for {F}|is known to have {C}|is noted to have {F}
is being treated for {C}|is slightly larger measuring {N} {U}|is well controlled on {D}
is married and lives alone
are {ADJ}|are again seen in the {A}|are noted in the {A}|are within normal limits|are consistent with {C}
are {ADJ} since {MON}|are negative for {F}|are most likely {F}|are seen with {C}|are pending|are as follows
are scattered through the {A}|are few {F}s in the {A}|was seen in clinic for {C}|was started on {D}
was {ADJ}|was found to have {a} {F}|was noted to have {F} in the {A}|was given {D} {N} {U}
was told it was {C}|was a smoker until {MON}|was last seen {MON}|was there with {P} and had no {F}
was admitted for {C}|were {ADJ}|were reviewed with {S}|were discussed with {COL}|were not seen
does not smoke|does not have {F}|does not take {D}|does not suggest {C}|does not appear {ADJ}|does have {F}
does have a history of {C}|does take {D}|does take {D} {N} {U}|does report {F}|does report {F} after {D}
does endorse {F}|does appear {ADJ}|does admit to {F}|does well on {D}|does well with {D} and no {F}
does smoke|does feel better on {D}|does use {D} at night|do not give {D}|do not see {a} {F}
do not suspect {C}|do {a} {T} on {MON}|do recommend {T}|do favor {C}|do agree with {COL}
do think this is {C}|did not have {F}|did not tolerate {D}|did have {F}|did have {a} {T} on {MON}
did start {D}|did see {COL} on {MON}|did report {F}|did well on {D}|did well after surgery
did take {D} this morning|did receive {D}
has {F}|has a history of {C}|has a {N} {U} {F} in the {A}|has been on {D} for {N} {W}|has been {ADJ}
has had {F} for {N} {W}|has had no {F}|has no {F}|has not taken {D}|has never had {a} {T}
has some {F} in the {A}|has resolved|has increased to {N} {U}|has seen {COL}|has been told it is {C}
has any {F} resolved per {P} yes|has two children|has the same {F} as before|have reviewed the {T}
have discussed {D} with {S}|have asked {S} to stop {D}|have asked {COL} to see {S}|have resolved
have improved on {D}|have been {ADJ} since {MON}|have not changed|have {S} return in {N} {W}
had {a} {T} on {MON}|had {F} for {N} {W}|had {F} last night|had no {F}|had been on {D}
had he taken {D} this would not have happened|had she been seen earlier the {F} would have been found
had the {T} been done we would have known|had there been {F} we would have stopped {D}
had it been {C} the {T} would be {ADJ}|had the {F} been larger surgery would be considered
had we known about the {F} {D} would not be given|had they called we would have seen {S}
were this to progress {D} could be added|were there to be {F} we would stop {D}
were he to develop {F} {D} will be stopped|were it to grow {a} {T} would be done
can ambulate|can walk {N} blocks|can return to work in {N} {W}|can take {D} as needed|can be seen in {C}
can be followed with {T}|can be discharged|can stop {D}|can start {D} {N} {U}|can not exclude {C}
cannot exclude {C}|cannot rule out {F}|cannot tolerate {D}|can move the {A}|can lift the {A} against gravity
can see {COL} next week|can resume diet|can repeat {T} if {F}|could be {C}|could represent {C}
could be due to {D}|could not tolerate {D}|could not be seen|could also be {F}|could benefit from {D}
could try {D} if {F}|may be {C}|may represent {C}|may have {D} {N} {U}|may return to work
may use {D} for {F}|may need {a} {T}|may go home|may be due to {D}|might be {C}|might need {D}
might benefit from {T}|must avoid {D}|must have {a} {T} before surgery|will follow up
will follow up in {N} {W}|will start {D}|will continue {D}|will get {a} {T}|will get {T} today|will hold {D}
will check {T}|will call with {T}|will see {COL}|will need {a} {T}|will try {D}|will discuss with {COL}
will not start {D}|will return if {F}|will add {D} {N} {U}|will give {D}
will ask {COL} whether {D} can be stopped|would benefit from {D}|would benefit from {T}|would recommend {T}
would recommend {a} {T} in {N} {W}|would avoid {D}|would consider {D}|would favor {C}|would not change {D}
would like to try {D}|would like {a} {T}|would start {D} if {F} persists|should have {a} {T}
should have {T} in {N} {W}|should return if {F}|should avoid {D}|should be {ADJ}|should continue {D}
should start {D}|should be repeated in {N} {W}|should not take {D}|should follow up with {COL}
should get {a} {T}|should symptoms recur return|should {F} recur {S} will return
should {F} persist {T} is advised|should the {F} grow {T} is recommended
should the {T} be {ADJ} we will stop {D}|should {S} develop {F} stop {D}|should {S} have {F} call us
should there be {F} stop {D}|should this fail we will try {D}|should it recur {D} can be given
should the {F} worsen return to the emergency department|should you develop {F} call the office
should we find {C} {D} will be started
which is {ADJ}|which is likely {C}|which are {ADJ}|which measures {N} {U}|which was {ADJ}
which has grown since {MON}|which has resolved|which is consistent with {C}|which may represent {C}
which could be {C}|which can be seen in {C}|which should be followed with {T}
which will be repeated in {N} {W}|which does not enhance|which improved with {D}|which {S} takes for {C}
which side the {F} was on is not recorded|which of the {F}s is older cannot be said
who is a {N} year old with {C}|who presents with {F}|who has {C}|who was started on {D}
who takes {D} for {C}|who lives with {P}|who will see {S} in {N} {W}|whose {T} was {ADJ}
where the {F} is {ADJ}|where it measures {N} {U}|where seen the {A} is {ADJ}|where {S} was given {D}
where {S} works is not known|where the pain is worst is the {A}|whereas the {A} is {ADJ}
when compared with {MON} the {F} is {ADJ}|when {S} takes {D} there is {F}|when {S} was seen there was {F}
when stable switch to {D}|when the {T} is back we will call|when the {F} started is not clear
when lying down {S} has {F}|why {S} stopped {D} is unclear|why the {F} recurred is not known
why this happened was discussed with {P}|how the {F} started is not known|how {S} takes {D} was reviewed
how to use {D} was explained|how long {S} has had {F} is unclear|how much {D} {S} took is unknown
how often {S} uses {D} is unclear|how many {F}s there were was not recorded|however the {A} is {ADJ}
however there is {F}|whether this is {C} is uncertain|whether {D} is the cause of the {F} is unclear
if {F} recurs start {D}|if the {T} is {ADJ} stop {D}
there is {a} {F} in the {A}|there is no {F}|there are {N} {F}s in the {A}|there are no {F}s|the {A} is {ADJ}
the {A} appears {ADJ}|the {F} measures {N} {U}|the {F} is {ADJ} since {MON}|no {F}|no evidence of {C}
no {F} or {F}|no change since {MON}|{N} {U} {F} in the {A}|{F} in the {A}|{A} {ADJ}|likely {C}|possible {C}
probable {C}|{ADJ} {A}|{C} on {D}|{D} {N} {U} daily|{D} and {D}|history of {C}|history of {C} on {D}
denies {F}|denies any {F} or {F}|reports {F} for {N} {W}|complains of {F}|presents with {F}|impression {C}
impression {N} {U} {F} likely {C}|findings the {A} is {ADJ}|findings suggest {C}|indication {F}
indication {F} question {C}|technique {T} with contrast|assessment {C}|plan start {D}|plan {T} in {N} {W}
summary {C}|summary of {T} {ADJ}|summary of findings {F} in the {A}|explanation of the {T} was given to {S}
interpretation {ADJ} {T}|interpretation of the {T} {F}|list of medications {D} {D} {D}
medications {D} {D} and {D}|allergies {D}|problem list {C} {C}|differential includes {C} and {C}
differential diagnosis {C} versus {C}|{F} versus {F}|{S} has {C}|{S} is on {D}|{S} was given {D} {N} {U}
{S} was told to stop {D}|{S} will return in {N} {W}|{S} can take {D}|{S} should have {a} {T}
{S} does not have {F}|we will start {D}|we discussed whether to start {D}|we discussed what {C} is
we talked about how to take {D}|I explained what the {T} showed|I explained how {D} works|I reviewed the {T}
I will see {S} in {N} {W}|I think this is {C}|I would recommend {T}|I do not see {a} {F}
I am not sure whether this is {C}|I wonder whether {D} caused the {F}|it is unclear if the {F} is new
it is not known what caused the {F}|it remains unclear why {S} has {F}|unclear whether {D} helped
uncertain if this is {C}|unsure what dose of {D} {S} takes|discussed with {COL} who asked if {D} was given
reviewed with {S} when to take {D}|told {S} what to do for {F}
told {S} to go to the emergency department for {F}|any {F} should prompt {a} {T}|any {F} has resolved
any change in the {F} should be reported|anything but {D} is tolerated|all questions answered
questions about {D} were answered|{S} had no questions|no questions at this time|and is {ADJ}
and was given {D}|and should have {T}|and can be {C}|and does not have {F}|also is on {D}|so was given {D}
then will start {D}|shows {a} {F}|show no {F}|showing {C}|seen is {a} {F}|noted is {F} in the {A}
demonstrated is {F}|in the {A} is {a} {F}|in the {A} there is {a} {F}|at the {A} is {a} {F}
on {T} there is {F}|on {T} is {F} in the {A}|given the {F} consider {C}|given {C} start {D}
for {C} start {D}|for {F} give {D}|in patients with {C} {D} should be avoided|after {D} the {F} resolved
with {T} we can see the {F}|new {F} in the {A}|new onset {F}|old {C}|right greater than left {F}
interval increase in {F}|status post {T}|status quo no change in {D}|quote is it {C} unquote said {P}
the assistant held the {A} during surgery|assistant surgeon doctor Lee
the medical assistant asked if {S} takes {D}|we will scratch that plan and start {D}
scratch test positive for {D}|new lines were placed|paragraph from prior {T} copied
end of the {F} is in the {A}|read as {ADJ} by {COL}|read by {COL} as {C}|reading of {T} {ADJ}
draft {T} report pending|draft of the letter sent to {COL}|draw labs {MON}|literature suggests {D} for {C}
normal {T}|normal {A}
is the only child of {P}|is the main support for {P}|is the primary caregiver for her mother
is the youngest of {N} children|is the owner of a bakery|is the first in the family with {C}
is the likely cause of {F}|is the most likely explanation|is the same as {MON}|is a teacher|is an accountant
is her own historian|is his third episode of {F}|is this week on {D}|does the cooking and cleaning
does the shopping without {F}|does the stairs without {F}|does her own laundry|does his exercises daily
does all activities of daily living|does a home program|has the support of {P}|has a good appetite
has her own teeth|can the {A} bear weight yes|did the stress test without {F}|did all exercises
was the driver in the accident|was the passenger|was his usual self until {MON}|are the only {F}s
were the only findings|can this wait was what {P} asked|is it {C} was {P} concern
could it be {C} was the main worry
will {D} work was the question|should {D} be stopped was discussed with {COL}|does it need {a} {T} was asked
what to do about the {F} was discussed|how to treat {C} was the main concern
will {N} {W} of {D} be completed|write {S} a letter excusing work until {MON}|letter to {COL} sent {MON}
normal range of motion of the {A}
normal range of motion|is contraindicated with {F}|is contraindicated due to {C}|is {F} resolved yes
do the {F}s look {ADJ} yes|are the {F}s {ADJ} no|does {S} have {F} no|is there {F} no|put {S} on {D}
put {S} on the list for {T}|turn {S} every {N} hours|make {a} appointment with {COL}
bring {S} back in {N} {W}|pull the drain on {MON}|open the wound and pack it
difference in size between the {F}s is {N} {U}|dose of {D} was {N} {U}
side effects of {D} were discussed with {S}|first line {D} failed|latest {T} was {ADJ}
differential for {F} includes {C}
could {S} not tolerate {D} we would use {D}|the {F} is what brought {S} in|that is why {D} was stopped
this is how {S} takes {D}|this is when {D} was started|{F} is what {S} fears|name of the drug is {D}
name band checked|point tenderness over the {A}|point of care {T} {ADJ}|mark on the {A} noted
marked {F} in the {A}|outline of the {A} is {ADJ}|highlighted {F} in the {A}|locates pain in the {A}
localizes to the {A}|look alike {F}s in the {A}|looks like {C}|looks well|suggest {T}
suggest {a} {T} in {N} {W}|suggest follow up {T}|suggest clinical correlation|suggests {C}
propose to start {D}|offer {D}|advise {T}|advised {S} to stop {D}|warn {S} about {F}|counsel {S} on {D}
teach {S} how to inject {D}|encourage {S} to walk|instruct {S} when to call|notify {COL} if {F}
ensure {S} has {a} {T}|keep {S} on {D}|keep the {A} elevated|observe for {F}|evaluate {A} with {T}
examine the {A} again on {MON}|interpret {T} with caution|interpret with caution given {F}
summarize care with {COL} at discharge|identify source of {F}|define anatomy with {T}
explain results by phone to {P}|write letter to school|read back verified with {COL}
results read back and confirmed by the nurse|walk {S} with physical therapy
tell me questions were not asked by {P}|{P} told me it is {C}|{P} told me what {S} takes
I told {S} how much {D} to take|I was asked to see {S} for {F}|I was asked whether {S} can take {D}
thank you for asking me to see {S}|thank you for referring {S} with {C}|let the {A} dry
need for {D} was discussed|needs {a} {T}|needs to know when to take {D}|wants {D}|wants to stop {D}
wants to know if it is {C}
"""

COMMANDS = """
scratch that|undo that|redo that|undo the last change|go to the {SEC}|go to {SEC}|go to the {SEC} section
jump to {SEC}|move to {SEC}|next field|previous field|next section|stop listening|start listening
go to sleep|wake up|insert normal {X}|insert template {X}|insert macro {X}|select {A}|select the last {UN}
delete the last {UN}|delete last {UN}|delete that|read that back|read back the last {UN}|what can I say
new {UN}|replace {A} with {F}|insert after {A}|insert before {F}|capitalize that|all caps that|bold that
correct {A}|stop dictation|pause dictation|resume dictation|cancel that|strike that|save the report
sign the report|end of document|go to the end|go to the top
"""
COMMON |= {
    "SEC": "impression|findings|technique|history|plan|assessment|recommendation|comparison|medications",
    "X": "chest|abdomen|knee|spine|exam|neuro exam|heart",
    "UN": "word|sentence|line|paragraph",
}


def fill(template: str, slots: dict[str, str], rng: random.Random) -> str:
    def one(match: re.Match[str]) -> str:
        return "\0" if match[1] == "a" else rng.choice((slots | COMMON)[match[1]].split("|"))

    text = re.sub(r"\{(\w+)\}", one, template)
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
    held = {plain(line.split("\t")[2]) for path in HELD for line in path.read_text().splitlines()[1:]}
    rows: list[tuple[str, str, str, str]] = []
    seen: set[str] = set()
    for label, block in (("question", QUESTIONS), ("dictation", DICTATION), ("command", COMMANDS)):
        templates = list(dict.fromkeys(t.strip() for t in block.replace("\n", "|").split("|") if t.strip()))
        for number, template in enumerate(templates):
            specialties = list(SLOTS)
            rng.shuffle(specialties)
            for turn in range(PER_TEMPLATE if "{" in template else 2):
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
