#!/usr/bin/env python3
"""strip.py CRD.yaml… > CRD.json: a CustomResourceDefinition without its prose, in one line for each version of the API."""
import json
import sys

import yaml


def strip(node):
    if isinstance(node, dict):
        # A property may be called `description`: then it is no text.
        return {k: strip(v) for k, v in node.items() if not (k == "description" and isinstance(v, str))}
    return [strip(v) for v in node] if isinstance(node, list) else node


for path in sys.argv[1:]:
    crd = strip(yaml.safe_load(open(path, encoding="utf-8")))
    crd["metadata"] = {"name": crd["metadata"]["name"], "annotations": crd["metadata"].get("annotations", {})}
    crd.pop("status", None)
    print(json.dumps(crd, separators=(",", ":")))
