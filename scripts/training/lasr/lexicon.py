"""The words the mini model is taught: lists by kind, in spoken form (one term per comma)."""


def terms(text: str) -> list[str]:
    return [" ".join(term.split()) for term in text.split(",") if term.strip()]


DRUGS = terms(
    """abacavir, acarbose, acetaminophen, acetazolamide, acyclovir, adalimumab, adenosine, albuterol, alendronate,
    alfuzosin, allopurinol, alprazolam, alteplase, amantadine, amikacin, amiloride, aminophylline, amiodarone,
    amitriptyline, amlodipine, amoxicillin, amoxicillin clavulanate, amphotericin, ampicillin, ampicillin sulbactam,
    anastrozole, apixaban, aripiprazole, aspirin, atenolol, atomoxetine, atorvastatin, atropine, azathioprine,
    azithromycin, aztreonam, baclofen, beclomethasone, benazepril, benzonatate, benztropine, betamethasone,
    bevacizumab, bicalutamide, bisacodyl, bisoprolol, budesonide, bumetanide, buprenorphine, bupropion, buspirone,
    calcitriol, calcium carbonate, canagliflozin, candesartan, captopril, carbamazepine, carbidopa levodopa,
    carboplatin, carvedilol, cefazolin, cefdinir, cefepime, cefotaxime, cefoxitin, ceftazidime, ceftriaxone,
    cefuroxime, celecoxib, cephalexin, cetirizine, chlorpromazine, chlorthalidone, cholestyramine, cilostazol,
    cinacalcet, ciprofloxacin, cisplatin, citalopram, clarithromycin, clindamycin, clobazam, clobetasol, clonazepam,
    clonidine, clopidogrel, clotrimazole, clozapine, codeine, colchicine, cyclobenzaprine, cyclophosphamide,
    cyclosporine, dabigatran, dapagliflozin, daptomycin, desmopressin, dexamethasone, dexmedetomidine, diazepam,
    diclofenac, dicyclomine, digoxin, diltiazem, diphenhydramine, divalproex, dobutamine, docetaxel, docusate,
    dolutegravir, donepezil, dopamine, doxazosin, doxorubicin, doxycycline, duloxetine, edoxaban, empagliflozin,
    emtricitabine, enalapril, enoxaparin, entacapone, epinephrine, eplerenone, epoetin, ertapenem, erythromycin,
    escitalopram, esomeprazole, estradiol, etanercept, ethambutol, etoposide, ezetimibe, famciclovir, famotidine,
    febuxostat, felodipine, fenofibrate, fentanyl, ferrous sulfate, fexofenadine, finasteride, flecainide,
    fluconazole, fludrocortisone, fluorouracil, fluoxetine, fluphenazine, fluticasone, fluvoxamine, folic acid,
    formoterol, fosinopril, furosemide, gabapentin, ganciclovir, gemcitabine, gemfibrozil, gentamicin, glimepiride,
    glipizide, glucagon, glyburide, guaifenesin, haloperidol, heparin, hydralazine, hydrochlorothiazide, hydrocodone,
    hydrocortisone, hydromorphone, hydroxychloroquine, hydroxyzine, ibuprofen, imatinib, imipramine, indapamide,
    indomethacin, infliximab, insulin aspart, insulin glargine, insulin lispro, ipratropium, irbesartan, isoniazid,
    isosorbide mononitrate, itraconazole, ivabradine, ivermectin, ketamine, ketoconazole, ketorolac, labetalol,
    lacosamide, lactulose, lamivudine, lamotrigine, lansoprazole, latanoprost, leflunomide, letrozole, leuprolide,
    levetiracetam, levocetirizine, levofloxacin, levothyroxine, lidocaine, linagliptin, linezolid, liraglutide,
    lisinopril, lithium, loperamide, loratadine, lorazepam, losartan, lovastatin, magnesium sulfate, mannitol,
    meclizine, medroxyprogesterone, meloxicam, memantine, meropenem, mesalamine, metformin, methadone, methimazole,
    methocarbamol, methotrexate, methyldopa, methylphenidate, methylprednisolone, metoclopramide, metolazone,
    metoprolol, metronidazole, micafungin, midazolam, midodrine, minocycline, minoxidil, mirtazapine, misoprostol,
    montelukast, morphine, moxifloxacin, mupirocin, mycophenolate, nadolol, naloxone, naltrexone, naproxen,
    nebivolol, niacin, nicardipine, nifedipine, nitrofurantoin, nitroglycerin, norepinephrine, nortriptyline,
    nystatin, octreotide, olanzapine, olmesartan, omeprazole, ondansetron, oseltamivir, oxcarbazepine, oxybutynin,
    oxycodone, oxytocin, paclitaxel, paliperidone, pantoprazole, paroxetine, pembrolizumab, penicillin, pentoxifylline,
    perindopril, phenazopyridine, phenobarbital, phenytoin, pioglitazone, piperacillin tazobactam, polyethylene glycol,
    potassium chloride, pramipexole, prasugrel, pravastatin, prazosin, prednisolone, prednisone, pregabalin,
    primidone, probenecid, prochlorperazine, progesterone, promethazine, propafenone, propofol, propranolol,
    propylthiouracil, pyrazinamide, pyridostigmine, quetiapine, quinapril, rabeprazole, raloxifene, ramipril,
    ranolazine, rasagiline, repaglinide, rifampin, rifaximin, riluzole, risedronate, risperidone, rituximab,
    rivaroxaban, rizatriptan, ropinirole, rosuvastatin, sacubitril valsartan, salmeterol, semaglutide, senna,
    sertraline, sevelamer, sildenafil, simethicone, simvastatin, sitagliptin, sodium bicarbonate, solifenacin,
    sotalol, spironolactone, sucralfate, sulfamethoxazole trimethoprim, sulfasalazine, sumatriptan, tacrolimus,
    tadalafil, tamoxifen, tamsulosin, telmisartan, temazepam, tenofovir, terazosin, terbinafine, teriparatide,
    testosterone, ticagrelor, timolol, tiotropium, tirzepatide, tizanidine, tobramycin, tocilizumab, tolterodine,
    topiramate, torsemide, tramadol, tranexamic acid, trastuzumab, trazodone, triamcinolone, triamterene,
    ursodiol, valacyclovir, valproate, valsartan, vancomycin, varenicline, vasopressin, venlafaxine, verapamil,
    vitamin b twelve, vitamin d, voriconazole, warfarin, zidovudine, ziprasidone, zoledronic acid, zolpidem"""
)

DISEASES = terms(
    """abdominal aortic aneurysm, achalasia, acne, acromegaly, acute coronary syndrome, acute kidney injury,
    acute pancreatitis, addison disease, adhesive capsulitis, alcohol use disorder, allergic rhinitis, alopecia,
    alzheimer disease, amyloidosis, anaphylaxis, anemia, angina, ankylosing spondylitis, anorexia, anxiety,
    aortic dissection, aortic stenosis, appendicitis, arthritis, ascites, aspiration pneumonia, asthma, atelectasis,
    atherosclerosis, atopic dermatitis, atrial fibrillation, atrial flutter, attention deficit disorder, autism,
    back pain, bacteremia, barrett esophagus, basal cell carcinoma, bell palsy, benign prostatic hyperplasia,
    bipolar disorder, bladder cancer, bowel obstruction, bradycardia, breast cancer, bronchiectasis, bronchiolitis,
    bronchitis, bursitis, candidiasis, cardiac tamponade, cardiomyopathy, carotid stenosis, carpal tunnel syndrome,
    cataract, celiac disease, cellulitis, cerebral palsy, cervical radiculopathy, cholangitis, cholecystitis,
    choledocholithiasis, cholelithiasis, chronic kidney disease, chronic obstructive pulmonary disease, cirrhosis,
    cluster headache, colitis, colon cancer, community acquired pneumonia, concussion, congestive heart failure,
    conjunctivitis, constipation, contact dermatitis, coronary artery disease, crohn disease, croup,
    cushing syndrome, cystic fibrosis, cystitis, deep venous thrombosis, dehydration, delirium, dementia, dengue,
    depression, dermatomyositis, diabetes insipidus, diabetic ketoacidosis, diabetic neuropathy, diabetic retinopathy,
    diverticulitis, diverticulosis, dyslipidemia, dyspepsia, dysphagia, eczema, emphysema, empyema, encephalitis,
    encephalopathy, endocarditis, endometriosis, epididymitis, epilepsy, erectile dysfunction, erythema nodosum,
    esophageal varices, esophagitis, essential tremor, fatty liver, fibromyalgia, folliculitis, gallstones,
    gastritis, gastroenteritis, gastroesophageal reflux disease, gastroparesis, gestational diabetes, giardiasis,
    glaucoma, glioblastoma, glomerulonephritis, gout, graves disease, guillain barre syndrome, hashimoto thyroiditis,
    heart block, hemochromatosis, hemophilia, hemorrhoids, hepatic encephalopathy, hepatitis b, hepatitis c,
    hepatocellular carcinoma, hernia, herpes zoster, hidradenitis, hiv infection, hodgkin lymphoma, huntington disease,
    hydrocephalus, hydronephrosis, hypercalcemia, hypercholesterolemia, hyperkalemia, hyperlipidemia,
    hyperparathyroidism, hypertension, hyperthyroidism, hypertriglyceridemia, hypocalcemia, hypoglycemia, hypokalemia,
    hyponatremia, hypotension, hypothyroidism, idiopathic pulmonary fibrosis, impetigo, infectious mononucleosis,
    influenza, insomnia, interstitial cystitis, interstitial lung disease, intracranial hemorrhage,
    iron deficiency anemia, irritable bowel syndrome, ischemic colitis, ischemic stroke, jaundice, kawasaki disease,
    kidney stones, labyrinthitis, lactose intolerance, laryngitis, latent tuberculosis, leukemia, lichen planus,
    lumbar radiculopathy, lung cancer, lupus, lyme disease, lymphedema, lymphoma, macular degeneration, malaria,
    mastitis, measles, melanoma, meniere disease, meningioma, meningitis, mesenteric ischemia, mesothelioma,
    metabolic acidosis, metabolic syndrome, migraine, mitral regurgitation, mitral stenosis, multiple myeloma,
    multiple sclerosis, muscular dystrophy, myasthenia gravis, myelodysplastic syndrome, myocardial infarction,
    myocarditis, narcolepsy, nephrolithiasis, nephrotic syndrome, neutropenia, obesity, obstructive sleep apnea,
    onychomycosis, optic neuritis, orthostatic hypotension, osteoarthritis, osteomyelitis, osteopenia, osteoporosis,
    otitis externa, otitis media, ovarian cancer, ovarian cyst, ovarian torsion, paget disease, pancreatic cancer,
    pancreatitis, panic disorder, parkinson disease, pelvic inflammatory disease, peptic ulcer disease, pericarditis,
    peripheral artery disease, peripheral neuropathy, peritonitis, pharyngitis, pheochromocytoma, plantar fasciitis,
    pleurisy, pneumonia, pneumothorax, polycystic kidney disease, polycystic ovary syndrome, polycythemia,
    polymyalgia rheumatica, postpartum depression, preeclampsia, presbycusis, primary biliary cholangitis,
    prostate cancer, prostatitis, pseudogout, psoriasis, psoriatic arthritis, pulmonary edema, pulmonary embolism,
    pulmonary fibrosis, pulmonary hypertension, pyelonephritis, renal artery stenosis, renal cell carcinoma,
    respiratory failure, restless legs syndrome, retinal detachment, rhabdomyolysis, rheumatic fever,
    rheumatoid arthritis, rickets, rosacea, rotator cuff tear, salmonellosis, sarcoidosis, scabies, schizophrenia,
    sciatica, scleroderma, scoliosis, seborrheic dermatitis, seizure disorder, sepsis, septic arthritis, septic shock,
    shingles, sickle cell disease, sinusitis, sjogren syndrome, small bowel obstruction, spinal stenosis,
    splenomegaly, squamous cell carcinoma, status epilepticus, strep throat, subarachnoid hemorrhage,
    subdural hematoma, supraventricular tachycardia, syncope, syphilis, tachycardia, temporal arteritis, tendinitis,
    testicular torsion, tetanus, thalassemia, thrombocytopenia, thyroid cancer, thyroid nodule, tinea corporis,
    tonsillitis, toxic megacolon, transient ischemic attack, trichomoniasis, trigeminal neuralgia, tuberculosis,
    type one diabetes, type two diabetes, type two diabetes mellitus, ulcerative colitis, urinary incontinence,
    urinary retention, urinary tract infection, urticaria, uterine fibroids, uveitis, varicella, varicose veins,
    vasculitis, ventricular tachycardia, vertigo, viral hepatitis, vitamin d deficiency, vitiligo, wilson disease"""
)

SYMPTOMS = terms(
    """abdominal pain, abdominal distension, anxiety, ataxia, back pain, bleeding gums, bloating, blurred vision,
    bruising, burning with urination, chest pain, chest tightness, chills, claudication, cold intolerance, confusion,
    constipation, cough, cramping, dark urine, decreased appetite, diarrhea, difficulty swallowing, dizziness,
    double vision, drooling, dry mouth, dyspnea, dysuria, ear pain, easy bruising, edema, epistaxis, excessive thirst,
    facial droop, fatigue, fever, flank pain, flushing, gait instability, hair loss, headache, hearing loss,
    heartburn, heat intolerance, heavy menstrual bleeding, hematemesis, hematuria, hemoptysis, hip pain, hoarseness,
    hot flashes, incontinence, insomnia, itching, jaw pain, joint pain, joint swelling, knee pain, leg swelling,
    lethargy, lightheadedness, loss of consciousness, loss of taste, low mood, malaise, melena, memory loss,
    morning stiffness, muscle cramps, muscle weakness, myalgia, nasal congestion, nausea, neck pain, neck stiffness,
    night sweats, numbness, orthopnea, pallor, palpitations, paresthesia, pelvic pain, photophobia, pleuritic pain,
    poor sleep, postnasal drip, pruritus, rash, rectal bleeding, restlessness, rhinorrhea, seizures,
    shortness of breath, shoulder pain, slurred speech, sneezing, sore throat, sputum production, stiffness,
    sweating, swollen glands, tingling, tinnitus, tremor, urinary frequency, urinary hesitancy, urinary urgency,
    vaginal bleeding, vaginal discharge, vertigo, visual changes, vomiting, weakness, weight gain, weight loss,
    wheezing"""
)

ANATOMY = terms(
    """abdomen, abdominal aorta, acetabulum, achilles tendon, acromioclavicular joint, adrenal gland, ankle,
    anterior cruciate ligament, anterior mediastinum, aorta, aortic arch, aortic root, appendix, ascending aorta,
    ascending colon, axilla, basal ganglia, basilar artery, biceps tendon, bladder, brain stem, breast, bronchus,
    calcaneus, calf, carina, carotid artery, carotid bifurcation, caudate nucleus, cecum, celiac axis, cerebellum,
    cervical spine, cervix, clavicle, coccyx, colon, common bile duct, common femoral vein, common iliac artery,
    corpus callosum, costophrenic angle, cystic duct, descending aorta, descending colon, diaphragm, distal radius,
    duodenum, elbow, endometrium, esophagus, ethmoid sinus, external auditory canal, facet joint, fallopian tube,
    femoral head, femoral neck, femoral vein, femur, fibula, foot, forearm, foramen magnum, frontal lobe,
    gallbladder, gallbladder fossa, gastric antrum, glenohumeral joint, glenoid labrum, great saphenous vein,
    greater trochanter, groin, hamstring, hand, heart, hepatic artery, hepatic flexure, hepatic vein, hilum, hip,
    hippocampus, humeral head, humerus, hypothalamus, ileum, iliac bone, iliac crest, inferior vena cava,
    inguinal canal, internal capsule, internal carotid artery, internal jugular vein, jejunum, kidney, knee,
    lacrimal gland, larynx, lateral meniscus, lateral ventricle, left anterior descending artery, left atrium,
    left lower lobe, left upper lobe, left ventricle, lingula, liver, lumbar spine, lung apex, lung base, mandible,
    mastoid air cells, maxillary sinus, medial malleolus, medial meniscus, mediastinum, medulla, mesentery, metatarsal,
    middle cerebral artery, mitral valve, nasopharynx, occipital lobe, omentum, optic nerve, orbit, oropharynx,
    ovary, pancreas, pancreatic duct, pancreatic head, pancreatic tail, parathyroid gland, parietal lobe,
    parotid gland, patella, patellar tendon, pelvis, perineum, periaortic region, peroneal tendon, pituitary gland,
    pleura, pons, popliteal fossa, popliteal vein, portal vein, posterior cruciate ligament, posterior fossa,
    prostate, proximal humerus, proximal tibia, psoas muscle, pulmonary artery, pulmonary vein, quadriceps tendon,
    rectum, renal artery, renal cortex, renal pelvis, retina, retroperitoneum, rib, right atrium, right coronary artery,
    right lower lobe, right middle lobe, right upper lobe, right ventricle, rotator cuff, sacroiliac joint, sacrum,
    scaphoid, scapula, sciatic nerve, scrotum, sella, seminal vesicle, shoulder, sigmoid colon, sigmoid sinus,
    skull base, small bowel, soft palate, sphenoid sinus, spinal cord, spleen, splenic flexure, splenic vein, sternum,
    stomach, subclavian artery, submandibular gland, superior mesenteric artery, superior vena cava, supraspinatus,
    temporal bone, temporal lobe, terminal ileum, testis, thalamus, thigh, thoracic spine, thymus, thyroid gland,
    thyroid isthmus, tibia, tibial plateau, tongue, tonsil, trachea, transverse colon, tricuspid valve, urachus,
    ureter, ureterovesical junction, urethra, uterus, vertebral artery, vertebral body, wrist"""
)

FINDINGS = terms(
    """abscess, adenoma, adenopathy, air bronchograms, air fluid level, airspace opacity, aneurysm, angiomyolipoma,
    annular fissure, arachnoid cyst, architectural distortion, arteriovenous malformation, atelectasis, atherosclerosis,
    avulsion fracture, biliary dilatation, bone bruise, bone marrow edema, bowel wall thickening, bronchial thickening,
    calcification, calcified granuloma, cardiomegaly, cavernous hemangioma, cavitary lesion, cholelithiasis,
    colloid cyst, compression deformity, consolidation, cortical irregularity, cyst, cystic lesion, diffusion restriction,
    disc bulge, disc desiccation, disc extrusion, disc protrusion, displaced fracture, effacement, effusion, encephalomalacia,
    endplate changes, enhancing lesion, exostosis, facet arthropathy, fat stranding, fatty infiltration, filling defect,
    fluid collection, focal asymmetry, fracture, free air, free fluid, full thickness tear, ganglion cyst, gliosis,
    ground glass opacity, hairline fracture, hamartoma, hemangioma, hematoma, hemorrhage, hemothorax, hiatal hernia,
    honeycombing, hydroureter, hyperdensity, hyperintensity, hypoattenuation, hypodense lesion, infarct, infiltrate,
    intimal flap, intussusception, joint effusion, ligamentum flavum thickening, lipoma, lobulated mass, loculated effusion,
    loose body, lucency, lymphadenopathy, lytic lesion, mass, mass effect, mediastinal widening, meniscal tear, metastasis,
    microcalcifications, midline shift, mucosal thickening, neural foraminal narrowing, nodule, nondisplaced fracture,
    opacity, osteophyte, partial thickness tear, perfusion defect, pericardial effusion, pericholecystic fluid,
    perinephric stranding, periosteal reaction, peripheral enhancement, pleural effusion, pleural thickening, plaque,
    pneumatosis, pneumomediastinum, pneumoperitoneum, pneumothorax, polyp, pseudoaneurysm, pseudocyst, reticulation,
    retrolisthesis, scarring, sclerotic lesion, septal thickening, simple cyst, soft tissue swelling, spiculated mass,
    spondylolisthesis, spondylolysis, stenosis, stone, stricture, subchondral cyst, subsegmental atelectasis, synovitis,
    syrinx, tendinopathy, tenosynovitis, thrombus, torus fracture, traction bronchiectasis, tree in bud nodularity,
    vascular congestion, vasogenic edema, volvulus, wall thickening"""
)

ADJECTIVES = terms(
    """acute, age indeterminate, anterior, benign appearing, bilateral, bulky, calcified, chronic, circumferential,
    circumscribed, complex, confluent, diffuse, distal, exophytic, faint, focal, heterogeneous, homogeneous,
    ill defined, incidental, indeterminate, inferior, irregular, large, lateral, left, linear, lobulated, low density,
    marked, medial, mild, mild to moderate, minimal, moderate, multifocal, multiple, new, nonspecific, old, partial,
    patchy, peripheral, posterior, postoperative, prominent, proximal, punctate, resolving, residual, right, rounded,
    scattered, severe, small, solitary, stable, subacute, subcentimeter, subpleural, subtle, superior, suspicious,
    tiny, trace, unchanged, unilateral, well circumscribed"""
)

IMAGING = terms(
    """chest x-ray, portable chest x-ray, ct of the chest, ct of the abdomen and pelvis, ct of the head, ct angiogram,
    ct of the sinuses, ct urogram, mri of the brain, mri of the lumbar spine, mri of the knee, mri of the shoulder,
    mri of the cervical spine, mri of the pelvis, mr angiography, ultrasound of the abdomen, renal ultrasound,
    pelvic ultrasound, thyroid ultrasound, scrotal ultrasound, venous duplex, carotid duplex, mammogram,
    screening mammogram, diagnostic mammogram, bone scan, bone density scan, pet ct, hida scan, barium swallow,
    upper gi series, nuclear stress test, radiograph of the hand, radiographs of the pelvis, fluoroscopy,
    echocardiogram, transesophageal echocardiogram, cystogram, arthrogram, myelogram"""
)

TESTS = terms(
    """complete blood count, basic metabolic panel, comprehensive metabolic panel, lipid panel, liver function tests,
    thyroid stimulating hormone, hemoglobin a one c, urinalysis, urine culture, blood cultures, sputum culture,
    stool culture, troponin, brain natriuretic peptide, d dimer, arterial blood gas, lactate, ferritin, iron studies,
    prostate specific antigen, sedimentation rate, c reactive protein, rheumatoid factor, antinuclear antibody,
    electrocardiogram, spirometry, pulmonary function tests, colonoscopy, upper endoscopy, lumbar puncture,
    bone marrow biopsy, skin biopsy, sleep study, stress test, holter monitor, tuberculin skin test, hepatitis panel,
    hiv test, pregnancy test, fecal immunochemical test, pap smear, cortisol level, vitamin d level, folate level,
    creatinine clearance, urine microalbumin, drug screen, coagulation studies, blood type and screen, throat swab"""
)

LABS = terms(
    """hemoglobin, hematocrit, white blood cell count, platelet count, sodium, potassium, chloride, bicarbonate,
    blood urea nitrogen, creatinine, glucose, calcium, magnesium, phosphorus, albumin, total protein, total bilirubin,
    alkaline phosphatase, aspartate aminotransferase, alanine aminotransferase, lipase, amylase, troponin, lactate,
    ferritin, hemoglobin a one c, total cholesterol, triglycerides, low density lipoprotein, high density lipoprotein,
    thyroid stimulating hormone, free thyroxine, vitamin b twelve, folate, uric acid, international normalized ratio,
    prothrombin time, c reactive protein, sedimentation rate, procalcitonin, prostate specific antigen, ammonia"""
)

SURGERIES = terms(
    """appendectomy, cholecystectomy, laparoscopic cholecystectomy, hysterectomy, cesarean section, tonsillectomy,
    hernia repair, total knee replacement, total hip replacement, coronary artery bypass grafting, mastectomy,
    lumpectomy, thyroidectomy, colectomy, hemicolectomy, gastric bypass, sleeve gastrectomy, prostatectomy,
    nephrectomy, splenectomy, craniotomy, laminectomy, spinal fusion, discectomy, carotid endarterectomy,
    aortic valve replacement, pacemaker placement, cataract surgery, vasectomy, tubal ligation, lithotripsy,
    open reduction and internal fixation, arthroscopy, meniscectomy, rotator cuff repair, bunionectomy,
    carpal tunnel release, skin graft, amputation, tracheostomy, bronchoscopy, thoracentesis, paracentesis,
    cardiac catheterization, angioplasty, stent placement, ablation, cardioversion, liver transplant, kidney transplant"""
)

OCCUPATIONS = terms(
    """accountant, baker, bus driver, carpenter, cashier, chef, construction worker, electrician, engineer, farmer,
    firefighter, florist, gardener, janitor, lawyer, librarian, mechanic, musician, nurse, office manager, painter,
    pharmacist, pilot, plumber, police officer, retired teacher, roofer, sales clerk, secretary, student, tailor,
    truck driver, veteran, waitress, welder, writer"""
)

GENERAL = terms(
    """about, above, across, after, again, against, ahead, alone, along, already, also, although, always, among, another,
    answer, anything, apart, appears, around, aware, away, because, become, before, began, behind, being, below, beside,
    better, between, beyond, both, bring, brother, build, carefully, carry, cause, certain, change, children, choose,
    clear, close, common, complete, consider, continue, could, course, daughter, decide, describe, despite, different,
    discuss, doctor, doing, during, each, early, easily, either, enough, entire, especially, even, evening, every,
    example, except, expect, explain, family, father, few, finally, find, first, follow, friend, further, general,
    given, great, group, happen, hardly, having, health, hear, help, history, home, hospital, house, however, husband,
    important, improve, include, increase, indeed, inside, instead, keep, kind, know, large, last, later, least, leave,
    less, likely, listen, little, living, longer, look, lower, major, manage, many, matter, maybe, mean, measure, might,
    minute, moment, month, more, morning, mother, move, much, must, name, nearly, need, never, next, night, nothing,
    notice, number, nurse, often, once, only, open, order, other, outside, over, parent, part, past, people, perhaps,
    person, place, please, point, possible, present, probably, problem, provide, quite, rather, reach, ready, really,
    reason, recent, record, reduce, remain, remember, report, require, rest, return, review, right, school, second,
    seem, several, should, show, simple, since, sister, sleep, slowly, someone, something, sometimes, soon, speak,
    special, stand, start, still, stop, strong, such, suddenly, suggest, sure, surgeon, system, take, talk, team, tell,
    therefore, thing, think, through, today, together, tomorrow, tonight, toward, treat, trouble, turn, under,
    understand, unless, until, upon, usual, usually, very, visit, voice, wait, walk, want, watch, water, week, well,
    whether, while, whole, wife, window, within, without, woman, wonder, word, work, world, worry, would, write, year,
    yesterday, young"""
)
