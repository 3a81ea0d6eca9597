"""The closed classes of English that tell a question from a note. Pure."""


def word_set(words: str) -> frozenset[str]:
    """The words of a string, apart at blanks."""
    return frozenset(words.split())


WH = word_set(
    """
    what which who whom whose where when why how what's where's who's how's when's why's whats wheres hows
    whos
    """
)
BE = word_set("is are was were am isn't aren't wasn't weren't")
HAVE = word_set("has have had hasn't haven't hadn't")
DO = word_set("do does did don't doesn't didn't")
MODALS = word_set(
    """
    can could will would should shall may might must can't couldn't won't wouldn't shouldn't mustn't
    """
)
AUX = BE | HAVE | DO | MODALS
PRONOUNS = word_set(
    """
    i you he she it they we this that these those there anyone anything anybody someone something everything
    everyone nothing either both
    """
)
DEFINITE = word_set("the my his her your our their its any each every another")
INDEFINITE = word_set("a an some no")
PEOPLE = word_set(
    """
    patient patients pt mom mother mum dad father wife husband daughter son family parents parent brother
    sister caregiver spouse veteran gentleman lady doctor dr nurse surgeon physician cardiologist
    """
)
FILLERS = word_set(
    """
    um uh er hm okay ok so and but then now well also please alright hey hi sorry just actually again anyway
    kindly quickly hello yeah
    """
)
PREFACES = word_set(
    """
    for in on at with given based if after before from to until during since looking assuming regarding
    considering concerning under according by among besides without about as
    """
)
ADVERBS = word_set(
    """
    not also again now still currently well best better then otherwise only just already once likely
    probably possibly presumably apparently reportedly clearly mildly slightly very quite rather never
    always often fine poorly too so more most less least much here about up down out off back away as than
    all almost nearly approximately overall previously initially originally formerly yet even ever
    unfortunately essentially grossly
    """
)
_PREPOSITIONS = word_set(
    """
    in on at of to for from with without within by due because after before since until under over above
    below between among along through throughout near against across status per despite via during around
    behind
    """
)
ADJECTIVES = word_set(
    """
    stable normal unchanged clear intact unremarkable present absent negative positive seen noted consistent
    compatible suggestive suspicious concerning able unable aware alert awake afebrile asymptomatic
    symmetric due known married single retired tender soft supple similar small large mild moderate severe
    minimal pending healthy obese pregnant ready free full open patent worse new old bilateral adequate
    appropriate reasonable possible evident visible prominent enlarged dilated thin thick high low equal
    regular significant nontender nondistended well-developed oriented independent allergic compliant
    dependent ill resistant responsive warm cold dry moist male female white african caucasian status
    younger older interested concerned good bad fair poor grown gone done been had taken given shown
    """
)
NOT_SUBJECTS = _PREPOSITIONS | ADJECTIVES
BARE_VERBS = word_set(
    """
    accept add adjust admit agree allow ambulate become answer appear apply arrange arise ask assess
    attend avoid be bear begin believe benefit bleed breathe bring call cause change check choose clear
    climb close come communicate compare complain complete comply confirm consider consist contact
    continue contribute control correlate cough count cross damage deny depend describe develop die differ
    drop dip discontinue discuss drain drink drive eat elevate endorse enhance ensure exclude exercise
    exhibit experience explain extend fall favor feel finish flex fly follow get give go grow happen harm
    have hear heal help hold hurt identify improve include increase decrease indicate initiate interact
    interfere involve keep know lead leave let lie lift like limit list live localize look lose love make
    maintain manage mean measure meet mention mind monitor move name need notice obtain occur offer open
    order pass pay perform persist plan play point practice prefer prepare present proceed produce
    progress protect prove provide raise reach read recall receive recheck recommend recover recur reduce
    refer reflect refuse regain relate relax rely remain remember remove repeat report represent require
    resolve respond rest result resume return reveal review roll rule run say schedule see seem send
    shower show sit sleep smell smoke sound speak spread stand start state stay stop suggest suffer exist
    support survive suspect swallow sweat swell swim take talk taper tell tend think tolerate transfer
    travel treat trigger try turn undergo understand urinate use vape verbalize visit visualize void vomit
    wait wake walk want warrant watch wean wear weigh win wish wonder work worsen write yield
    """
)
CONDITION_VERBS = word_set(
    """
    call return start stop give hold order obtain refer seek consider contact notify discontinue increase
    decrease add proceed page transfer initiate come go present take repeat check resume
    """
)
"""Instructions in a note for when a condition comes true."""
REQUESTS = word_set(
    """
    summarize summarise interpret explain describe analyze analyse translate define outline show tell give
    remind help walk find read draft write suggest list generate propose compose point highlight locate
    measure look compare check calculate compute convert rephrase reword rewrite name search circle mark
    identify recap sum put turn make compile prepare create review run bring pull display rate grade stage
    score classify estimate evaluate verify count repeat spell teach quiz think predict rank extract get
    fetch have take compute proofread simplify shorten expand polish annotate segment label trace plot chart
    graph trend tabulate cite quote recall recommend talk predict go do outline answer elaborate zoom double
    clarify update guess work
    """
)
SURE_REQUESTS = word_set(
    """
    summarize summarise interpret explain describe analyze analyse translate define outline recap rephrase
    reword rewrite proofread simplify elaborate clarify propose compose generate calculate compute list name
    """
)
SAYING = word_set(
    """
    said says answered replied asks asked wonders wondered states stated denied denies named insists worries
    worried exclaimed inquired
    """
)
NUMBERS = word_set(
    """
    zero oh one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
    seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand point
    half
    """
)
UNITS = word_set(
    """
    mm cm mg mcg g kg ml l cc mmhg meq millimeter millimeters centimeter centimeters milligram milligrams
    microgram micrograms gram grams kilogram kilograms milliliter milliliters liter liters percent degrees
    units seconds minutes hours days weeks months years beats
    """
)
SIZES = word_set(
    """
    dilated enlarged large big small thick thin wide narrow long short tall deep aneurysmal ectatic widened
    thickened increased decreased reduced high low
    """
)
"""Also said of a thing with its measure, in a note: "is four centimeters wide"."""
JUDGEMENTS = word_set(
    """
    normal abnormal elevated dangerous acceptable safe concerning critical worrisome okay ok bad good
    enough too fast slow significant suspicious pathologic therapeutic toxic considered
    """
)
"""Said of a measure: what is measured is known, what it means is asked."""
LATER = word_set(
    """
    tomorrow tonight next later daily weekly monthly nightly hourly every each until once when if before after
    while afternoon evening morning outpatient needed available follow upon postoperatively again
    monday tuesday wednesday thursday friday saturday sunday
    """
)
"""When an order is to be carried out: not now, so not by the assistant."""
_PARTICIPLES = word_set(
    """
    been had done seen given taken shown known grown gone begun drawn felt found fallen held kept left lost
    made met put read run sent set spread become come cut shrunk risen worn written broken spoken told
    thought brought quit hit hurt built torn driven eaten gotten hidden undergone
    """
)
_ED_NOUNS = word_set(
    """
    need seed weed feed shed reed deed heed meed speed breed bleed proceed exceed indeed hundred
    """
)


def is_participle(word: str) -> bool:
    """Looks like a past participle."""
    return word in _PARTICIPLES or (word.endswith("ed") and len(word) > 3 and word not in _ED_NOUNS)


def is_finite(word: str) -> bool:
    """A verb form that needs a subject: "measures", "showed"."""
    return word in _FINITE or (word.endswith("ed") and len(word) > 3 and word not in _ED_NOUNS)


_FINITE = word_set(
    """
    measures shows demonstrates extends involves contains causes covers includes appears looks seems remains
    represents suggests presents lives takes comes works needs means helps requires correlates projects
    abuts arises enhances causes showed took came underwent began grew makes goes gives
    """
)
