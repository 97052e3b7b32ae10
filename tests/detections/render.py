#!/usr/bin/env python3
"""Writes the fixtures of the detections: DETECTION/NAME/{events.ndjson or events.xml, policy.yaml, story.md}.

    ./render.py            writes them all
    ./render.py --check    writes nothing, fails when a file is not what would be written

Events stand in the order in which they arrive. alerts.json beside them is what the program says and is not written here.
The sources are `stories()` of the three modules below; a fixture named fires_… must alert, one named quiet_… must not.
"""
import sys
from pathlib import Path

import stories_certificate_used_by_other
import stories_certlog_remote_write
import stories_san_mismatch
from windows import json_line, numbered, xml_document

HERE = Path(__file__).parent
DETECTIONS = {
    "san-mismatch": stories_san_mismatch,
    "certlog-remote-write": stories_certlog_remote_write,
    "certificate-used-by-other": stories_certificate_used_by_other,
}


def files():
    """Every file that belongs to the fixtures, by path."""
    texts = {}
    for detection, module in DETECTIONS.items():
        for name, story, events, *more in module.stories():
            folder = HERE / detection / name
            assert name.startswith(("fires_", "quiet_")) and folder / "story.md" not in texts, name
            options = more[0] if more else {}
            as_xml = options.get("shape") == "xml"
            events = numbered(events)
            texts[folder / "story.md"] = story + "\n"
            texts[folder / f"events.{'xml' if as_xml else 'ndjson'}"] = xml_document(events) if as_xml else "".join(map(json_line, events))
            if "policy" in options:
                texts[folder / "policy.yaml"] = options["policy"]
    return texts


def main():
    wanted = files()
    present = {path for path in HERE.glob("*/*/*") if path.name in ("story.md", "events.xml", "events.ndjson", "policy.yaml")}
    wrong = [p for p in wanted if p not in present or p.read_text(encoding="utf-8") != wanted[p]] + sorted(present - set(wanted))
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
