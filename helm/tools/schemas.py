#!/usr/bin/env python3
"""schemas.py OUT VERSION…: strict schemas that stand alone, one file for each kind, as kubeconform reads them.

Those of Kubernetes come from the package kubernetes-validate, those of Prometheus' operator and of KEDA from helm/crds."""
import json
import pathlib
import sys

import kubernetes_validate

KINDS = [
    "configmap-v1",
    "job-batch-v1",
    "networkpolicy-networking-v1",
    "pod-v1",
    "poddisruptionbudget-policy-v1",
    "service-v1",
    "statefulset-apps-v1",
]
PACKAGED = pathlib.Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema"
CRDS = pathlib.Path(__file__).parent.parent / "crds"
FAR = "/api/_definitions.json#/$defs/"


def near(node):
    """The same with references into the file itself."""
    if isinstance(node, dict):
        return {k: near(v) for k, v in node.items()}
    if isinstance(node, list):
        return [near(v) for v in node]
    return node.replace(FAR, "#/$defs/") if isinstance(node, str) else node


def references(node):
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref" and isinstance(value, str):
                yield value.rsplit("/", 1)[-1]
            else:
                yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def packaged(version, kind):
    folder = PACKAGED / f"v{version}.0-local-strict"
    definitions = near(json.loads((folder / "_definitions.json").read_text())["$defs"])
    schema = near(json.loads((folder / f"{kind}.json").read_text()))
    wanted, used = set(references(schema)), {}
    while wanted - used.keys():
        name = (wanted - used.keys()).pop()
        used[name] = definitions[name]
        wanted |= set(references(used[name]))
    return {**schema, "$defs": used}


def closed(node):
    """What a CRD does not name is refused, as the API server does for strict clients."""
    if isinstance(node, list):
        return [closed(v) for v in node]
    if not isinstance(node, dict):
        return node
    node = {k: closed(v) for k, v in node.items()}
    if "properties" in node and isinstance(node["properties"], dict) and "additionalProperties" not in node:
        if not node.get("x-kubernetes-preserve-unknown-fields"):
            node["additionalProperties"] = False
    if node.get("x-kubernetes-int-or-string"):
        node.pop("type", None)
    return node


def custom(crd):
    for version in crd["spec"]["versions"]:
        schema = version["schema"]["openAPIV3Schema"]
        schema["properties"]["metadata"] = {"type": "object"}
        group = crd["spec"]["group"].split(".")[0]
        yield f"{crd['spec']['names']['kind'].lower()}-{group}-{version['name']}", closed(schema)


def main(out, versions):
    for version in versions:
        folder = pathlib.Path(out) / f"v{version}.0"
        folder.mkdir(parents=True, exist_ok=True)
        for kind in KINDS:
            (folder / f"{kind}.json").write_text(json.dumps(packaged(version, kind)))
        for path in CRDS.glob("*.json"):
            for name, schema in custom(json.loads(path.read_text())):
                (folder / f"{name}.json").write_text(json.dumps(schema))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
