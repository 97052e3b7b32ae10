#!/usr/bin/env python3
"""Writes the situations of an estate: NAME/{events.ndjson,story.md}, and facts.ndjson and policy.yaml for all of them.

    ./render.py            writes them all
    ./render.py --check    writes nothing, fails when a file is not what would be written
"""
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "detections"))

from situations import POLICY, facts, situations  # noqa: E402
from windows import json_line, numbered  # noqa: E402


def as_windows(event):
    """Ordinary logons come from Windows' own client, which asks for canonicalisation too (0x40810010)."""
    if event.get("id") == 4768:
        event["data"]["TicketOptions"] = "0x40810010"
    return event


def files():
    texts = {HERE / "policy.yaml": POLICY, HERE / "facts.ndjson": "".join(map(json_line, numbered(facts())))}
    for name, story, events in situations():
        assert name.startswith(("ordinary_", "attack_")), name
        texts[HERE / name / "story.md"] = story + "\n"
        events = list(map(as_windows, events)) if name.startswith("ordinary_") else events
        texts[HERE / name / "events.ndjson"] = "".join(map(json_line, numbered(events)))
    return texts


def main():
    wanted = files()
    present = set(HERE.glob("*/*.md")) | set(HERE.glob("*/*.ndjson"))
    wrong = [p for p in wanted if not p.exists() or p.read_text(encoding="utf-8") != wanted[p]] + sorted(present - set(wanted))
    if "--check" in sys.argv:
        for path in wrong:
            print(f"{path.relative_to(HERE)} is not what render.py writes")
        sys.exit(bool(wrong))
    for path in wrong:
        if path in wanted:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted[path], encoding="utf-8")
        else:
            path.unlink()


main()
