"""What a sentence's form says by itself: patterns read from the top. One of the classifier's features."""

import re

# What opens like a question or a request but is said in reports and notes. Checked first.
_DICTATED = re.compile(
    r"""^(?:
      question(?:able|\s+(?:of|whether|if|is|was|raised))\b
    | (?:what|which|who|where|when|why|how)\s+(?:appears?|looks?|seems?|may|might|could\s+be|was|were|had|have
        |has|i|we|he|she|they|the\s+patient\s+\w+s|is\s+(?:likely|probably|presumably|thought|felt|also))\b(?!.*\?)
    | which\s+(?:is|are|measures|does|can|will|would|should)\b(?!\s+(?:the|of|side|one|lobe)\b)(?!.*\?)
    | when(?:ever)?\s+(?!(?:is|are|was|were|did|do|does|should|can|will)\b)
    | where(?:as|by|in|upon)\b | however\b | how(?:ever)?\s+the\b
    | (?:is|are|was|were|has|have|had|does|did|can|may|could|should|will|would)\s+
        (?:again\s+|also\s+|not\s+|now\s+|currently\s+|well\s+|best\s+)*
        (?:seen|noted|present|identified|visualized|visualised|unchanged|stable|normal|unremarkable|clear|intact
        |consistent|compatible|suggestive|within|in\s+keeping|likely|due|been|be|not|recommended|reported
        |denied|admitted|started|demonstrated|shown|suspected|favou?red|correlate|represent|reflect)\b(?!.*\?)
    | (?:can|may|could|will)\s+(?:the\s+)?\d*\s*20\d\d\b
    | may\s+\d | march\s | will\s+(?:follow|continue|start|discuss|need|obtain|order|return|see
        |refer|repeat)\b
    | please\s+(?:schedule|arrange|refer|follow|correlate|contact|call|see|note|order|obtain
        |continue|take|return
        |do\s+not|book|send|ensure|repeat|consider|fax|cc|copy|page|discontinue|increase|decrease|start|stop)\b
    | (?:compare[ds]?|comparison|correlat\w+|recommend\w*)\b
    | (?:the\s+)?(?:patient|he|she|mother|father|wife|husband|family|daughter|son|they)\s+
        (?:\w+\s+)?(?:asks?|asked|wonders?|wondered|wants?|questions|questioned|inquired)\b
    | (?:is|was|has|had|have)\s+an?\b(?!.*\?) | had\b(?!.*\?)
    | should\s+(?:return|follow|avoid|continue|call|be\b|not\b|have\b|undergo)(?!.*\?)
    | what\s+is\s+(?:seen|noted|described|shown)\b.*\s(?:is|are)\b(?!.*\?)
    | do\s+not\b | does\s+not\b | (?:summary|draft|list)\s*(?:colon|:)
    | show(?:s|ed|ing)\b | explain(?:s|ed)\b | read(?:s|ing)?\s+(?:as|by)\b | (?:find|finding)s\b
    )""",
    re.I | re.X,
)

_NOUN = r"(?:the|a|an|any|there|this|that|these|those|it|its|he|she|they|you|i|we|my|his|her|your|our|their)"
QUESTIONS: tuple[tuple[str, float, re.Pattern[str]], ...] = tuple(
    (reason, confidence, re.compile(pattern, re.I | re.X))
    for reason, confidence, pattern in (
        ("asks_assistant", 0.95, r"^(?:please\s+)?(?:can|could|would|will)\s+you\b"),
        ("interrogative", 0.93, r"^(?:is|are|was|were)\s+there\b"),
        (
            "interrogative",
            0.92,
            rf"^(?:is|are|was|were|does|do|did|has|have|had|can|could|should|would|will|may|might)\s+{_NOUN}\b",
        ),
        (
            "interrogative",
            0.92,
            r"^(?:what|which|who|where|when|why|how)(?:'s|\s+(?:is|are|does|do|did|should|would|can|will))\b",
        ),
        (
            "interrogative",
            0.92,
            r"^(?:what|which)\s+(?!(?:a|the)\b)\w+(?:\s+\w+){0,3}\s+(?:is|are|does|do|did|should|would|can|could|will|was|were|has|have)\b",
        ),
        (
            "interrogative",
            0.9,
            r"^how\s+(?:much|many|often|long|large|big|wide|severe|likely|sensitive|specific|far|old|high|low|about)\b",
        ),
        (
            "interrogative",
            0.9,
            r"^what\s+(?:about|if|else|dose|could|might|the)\b(?=.*\?)|^what\s+(?:about|else|dose|antibiotic)\b",
        ),
        ("interrogative", 0.85, r"^why\s+\w+"),
        (
            "interrogative",
            0.85,
            r"^(?:is|are|does|do|did|should|can|could|would)\s+(?!no\b)[\w-]+(?:\s+[\w-]+)*?\s+(?:safe|contraindicated|indicated|appropriate|cause|interact|mean|explain|be|need|require|better|worse|normal|abnormal|a|an|the)\b",
        ),
        (
            "request",
            0.9,
            r"^(?:please\s+|now\s+)*(?:summari[sz]e|interpret|explain|describe|analy[sz]e|translate|define|outline)\s+(?:\w+\s+)?(?:the|this|these|that|those|my|what|why|how|all|it|for)\b",
        ),
        ("request", 0.9, r"^(?:please\s+|now\s+)*(?:show|tell|give|remind|help|walk|find)\s+(?:me|us)\b"),
        (
            "request",
            0.9,
            r"^(?:please\s+|now\s+)*read\s+.*\b(?:to\s+me|aloud|out\s+loud|back)\b|^(?:please\s+)?read\s+back\b",
        ),
        (
            "request",
            0.88,
            r"^(?:please\s+|now\s+)*(?:draft|write|suggest|list|generate|propose|compose)\s+(?:me\s+)?(?:an?|the|some|possible|three|five|differentials?|up)\b",
        ),
        (
            "request",
            0.85,
            r"^(?:please\s+|now\s+)*(?:point\s+(?:out|to)|highlight|locate|outline|measure|look\s+(?:at|for|up))\s+(?:the|any|this|that|where|all)\b",
        ),
    )
)


def verdict(heard: str) -> tuple[str, float]:
    """What the patterns make of it: ``reads_as_dictation``, ``statement``, or how it asks; and how sure."""
    if _DICTATED.match(heard):
        return "reads_as_dictation", 0.9
    for reason, confidence, pattern in QUESTIONS:
        if pattern.search(heard):
            return reason, confidence
    if heard.endswith("?"):
        return "question_mark", 0.7
    return "statement", 0.8


_WHO = (
    r"(?:(?:the|his|her|their|this|our)\s+)?(?:patient(?:'s\s+\w+)?|pt|he|she|they|mother|father|mom|mum|dad|wife"
    r"|husband|family|daughter|son|parents?|spouse|caregiver|nurse|brother|sister|surgeon|dr\.?\s+\w+"
    r"|doctor\s+\w+|(?:referring\s+)?physician)"
)
_REPORTED = re.compile(
    rf"^(?:(?:and|also|then|today|\w+ing)\s+)?{_WHO}\s+(?:\w+\s+){{0,2}}?(?:asks?|asked|asking|wonders?|wondered|wants?|wanted"
    r"|inquired?|inquires|questions|questioned|would\s+like|worries|says|said|states|stated|reports|called)\b"
    rf"|^(?:when\s+|i\s+|we\s+)?(?:asked|told|informed|advised|counsell?ed)\b|\bwas\s+(?:asked|answered|told)\b"
    r"|\bwas\s+(?:what|(?:(?:his|her|their|the|a)\s+)?(?:\w+\s+)?(?:concern|worry|question|complaint)\b)"
    r"|\bunquote\b|\basked\s+(?:if|whether|by)\b",
    re.I,
)
_TO_OTHERS = re.compile(
    r"^(?:please\s+)?(?:tell|ask|show|give|help|remind|inform|call|have|let|make\s+sure|explain(?:\s+[\w-]+){0,6}?\s+to"
    r"|describe(?:\s+\w+){0,4}?\s+to|(?:review|discuss)(?:\s+\w+){0,5}?\s+with)\s+"
    r"(?:(?:the|this)\s+(?:patient|family|mother|father|parents|nurse|team|wife|husband|surgeon)|patient|pt|him|her|them"
    r"|mom|dad|he|she|family|pharmacy|nursing)\b(?!\s+(?:\w+\s+)?(?:chart|record|labs?|results?|history|scan|image)\b)",
    re.I,
)
_OPEN = re.compile(
    r"^(?:clinical\s+)?question\s*(?:of|whether|if|is)\b|^clinical\s+question\b|^questionable\b|^had\b.*\bwould\b"
    r"|^what\s+(?:appears|looks\s+like|seems|remains)\b(?!.*\?)"
    r"|^should\s+.*\b(?:recurs?|persists?|worsens?|develops?|return|call)\b(?!.*\?)",
    re.I,
)
_CONDITION = re.compile(
    r"^(?:should|were|had)\s+(?:\w+\s+){1,3}?(?:become|develop|fail|remain|show|have|be|not|get|present|recur|persist|worsen"
    r"|to|been)\b.*\s(?:give|start|stop|hold|call|return|order|obtain|will|would|add|increase|notify|refer)\b(?!.*\?)",
    re.I,
)
_NO_SUBJECT = re.compile(
    r"^(?:can|could|may|might|will|would|should|must)\s+(?:(?:also|not|now|still|then|likely|probably|definitely)\s+)*"
    r"(?:benefit|ambulate|walk|flex|extend|move|lift|bear|eat|drink|sleep|return|resume|continue|start|stop|hold|try|like"
    r"|prefer|avoid|represent|reflect|indicate|need|require|have|be|undergo|follow|recheck|repeat|obtain|order|check"
    r"|consider|recommend|advise|discuss|call|see|shower|drive|work|use|take|give|add|increase|decrease|taper|refer|get"
    r"|schedule|arrange|plan|proceed|monitor|watch|let|make|send|bring|ask|tell|perform|tolerate|wean|transfer|discharge)\b"
    r"(?!.*\?)|^may\s+i\s+add\b|^summari[sz]ing\b",
    re.I,
)
_ANSWERED = re.compile(r"^(?:is|are|was|were|do|does|did|has|have|any)\b.*[\s,;?]+(?:yes|no)\W*$", re.I)


def spoken_of(heard: str) -> str | None:
    """Why a sentence belongs to the record whatever its words ask: reported, or said to someone else."""
    if _REPORTED.search(heard):
        return "reports what someone asked or said"
    if _TO_OTHERS.match(heard):
        return "says what to do for the patient, not the assistant"
    if _ANSWERED.search(heard):
        return "answers itself, as in a history"
    if _NO_SUBJECT.match(heard):
        return "has no subject, as in notes"
    if _OPEN.match(heard) or _CONDITION.match(heard):
        return "begins as reports and notes do"
    return None
