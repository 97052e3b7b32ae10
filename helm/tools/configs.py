#!/usr/bin/env python3
"""configs.py RENDERED OUT: writes each adcs-watch.yaml in the ConfigMaps of a rendered chart to OUT/<name of the ConfigMap>.yaml."""
import pathlib
import sys

import yaml

rendered, out = sys.argv[1], pathlib.Path(sys.argv[2])
out.mkdir(parents=True, exist_ok=True)
found = 0
for document in yaml.safe_load_all(open(rendered, encoding="utf-8")):
    if document and document["kind"] == "ConfigMap" and "adcs-watch.yaml" in document.get("data", {}):
        (out / f"{document['metadata']['name']}.yaml").write_text(document["data"]["adcs-watch.yaml"])
        found += 1
if not found:
    sys.exit(f"{rendered}: no config")
