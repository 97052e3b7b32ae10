#!/usr/bin/env python3
"""Writes the fixtures of the detections: DETECTION/NAME/{events.ndjson or events.xml, policy.yaml, story.md}.

    ./render.py            writes them all
    ./render.py --check    writes nothing, fails when a file is not what would be written

Events stand in the order in which they arrive. alerts.json beside them is what the program says and is not written here.
The sources are `stories()` of the modules `stories_DETECTION.py`; a fixture named fires_… must alert, one named quiet_… must not.
"""
import importlib
import sys
from pathlib import Path

from windows import json_line, numbered, xml_document

HERE = Path(__file__).parent
# stories_san_mismatch.py has the fixtures of san-mismatch.
DETECTIONS = {path.stem.removeprefix("stories_").replace("_", "-"): importlib.import_module(path.stem)
              for path in sorted(HERE.glob("stories_*.py"))}


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
