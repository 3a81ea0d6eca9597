"""``assistant intent``: classifies sentences as dictation, question or command, as JSON lines."""

import argparse
import json
import sys
from pathlib import Path
from typing import get_args

from assistant.commands.settings import settings_from
from assistant.commands.terminal import Subparsers, note, say
from assistant.events import Mode
from assistant.intents import classifier, training
from assistant.intents.detect import Context, Decision
from assistant.intents.split import decide


def register(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "intent",
        help="tell dictation, questions and commands apart",
        description="Each sentence gives one JSON line. Without TEXT, reads standard input.",
    )
    parser.add_argument("text", nargs="*", metavar="TEXT", help="one sentence each")
    parser.add_argument("--mode", choices=get_args(Mode), default="auto", help="the session's mode")
    parser.add_argument("--images", action="store_true", help="assume that images are attached")
    parser.add_argument(
        "--retrain",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="train a model with these corrections (from --keep-corrections) instead; needs scikit-learn",
    )
    parser.add_argument(
        "--out", metavar="MODEL", type=Path, default=Path("intents.npz"), help="where --retrain writes"
    )
    parser.add_argument(
        "--model", dest="setting_intent_model", metavar="MODEL", type=Path, help="your own intent model"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    if args.retrain:
        return _retrain(args)
    classifier.load(settings_from(args).intent_model)
    context = Context(mode=args.mode, has_images=args.images)
    for line in args.text or sys.stdin:
        if not (text := line.strip()):
            continue
        parts = [_row(part.decision) for part in decide(text, context)]
        row = parts[-1] if len(parts) == 1 else {**parts[-1], "text": text, "parts": parts}
        say(json.dumps(row, ensure_ascii=False))
    return 0


def _row(decision: Decision) -> dict[str, object]:
    row: dict[str, object] = {
        "text": decision.text,
        "intent": decision.intent,
        "confidence": round(decision.confidence, 4),
        "reason": decision.reason,
    }
    if decision.command:
        row["command"] = decision.command
    if decision.doubtful:
        row["doubtful"] = True
    return row


def _retrain(args: argparse.Namespace) -> int:
    used, given = training.retrain(args.retrain, args.out, threshold=classifier.classifier().threshold)
    note(f"{used} of {given} corrections used; the form of the others decides them already.")
    note(f"To use it: assistant serve --intent-model {args.out}")
    return 0
