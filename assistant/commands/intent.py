"""``assistant intent``: how sentences would be taken, as JSON lines."""

import argparse
import json
import sys
from typing import get_args

from assistant.commands.terminal import Subparsers, say
from assistant.events import Mode
from assistant.intents.detect import Context, detect


def register(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "intent",
        help="tell dictation, questions and commands apart",
        description="A sentence in, a JSON line out. Without TEXT, lines are read from standard input.",
    )
    parser.add_argument("text", nargs="*", metavar="TEXT", help="one sentence each")
    parser.add_argument("--mode", choices=get_args(Mode), default="auto", help="as set in the session")
    parser.add_argument("--images", action="store_true", help="as if images were attached")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    context = Context(mode=args.mode, has_images=args.images)
    for line in args.text or sys.stdin:
        if not (text := line.strip()):
            continue
        decision = detect(text, context)
        row: dict[str, object] = {
            "text": decision.text,
            "intent": decision.intent,
            "confidence": decision.confidence,
            "reason": decision.reason,
        }
        if decision.command:
            row["command"] = decision.command
        say(json.dumps(row, ensure_ascii=False))
    return 0
