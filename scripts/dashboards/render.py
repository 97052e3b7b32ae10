#!/usr/bin/env python3
"""Writes helm/adcs-watch/dashboards/*.json from the modules beside it. --check verifies that they are current."""

import json
import pathlib
import sys

import detection
import operations

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "helm/adcs-watch/dashboards"
DASHBOARDS = {"operations": operations.DASHBOARD, "detection": detection.DASHBOARD}


def main():
    stale = []
    for name, dashboard in DASHBOARDS.items():
        path = FOLDER / f"{name}.json"
        text = json.dumps(dashboard, indent=1, ensure_ascii=False) + "\n"
        if "--check" not in sys.argv[1:]:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            stale.append(path.name)
    if stale:
        sys.exit(f"{', '.join(stale)}: stale, run scripts/dashboards/render.py")


main()
