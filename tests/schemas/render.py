#!/usr/bin/env python3
"""Writes the JSON Schema of the parts of OCSF and ECS that alerts use, from checkouts of the published schemas.

    tests/schemas/render.py PATH_OF_ocsf-schema PATH_OF_ecs
"""

import csv
import io
import json
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
OCSF = "3dcb905d26523ce4d5d0ba3c28c8507e2c859407"  # version 1.8.0
ECS = "v9.4.0"

OBJECTS = {
    "actor", "analytic", "attack", "device", "evidences", "finding_info", "metadata", "network_endpoint", "observable",
    "product", "remediation", "sub_technique", "tactic", "technique", "user",
}
SETS = re.compile(
    r"@timestamp|message|tags|ecs\.|event\.|rule\.|threat\.(framework|tactic|technique)|"
    r"user\.(name|domain|id)$|user\.target\.(name|domain)|host\.name|source\.(ip|domain|address)$|related\.|file\.path$"
)


def show(repository, commit, path):
    return subprocess.check_output(["git", "-C", repository, "show", f"{commit}:{path}"], text=True)


class Ocsf:
    def __init__(self, repository):
        self.read = lambda path: json.loads(show(repository, OCSF, path))
        dictionary = self.read("dictionary.json")
        self.names = dictionary["attributes"]
        self.types = dictionary["types"]["attributes"]

    def attributes(self, path, folder):
        """The attributes of a definition and of those that it extends, and what it demands at least one of."""
        one = self.read(path)
        found, constraints = {}, {}
        if "extends" in one:
            parent = f"{folder}/{one['extends']}.json"
            found, constraints = self.attributes(parent, folder)
        for name, own in one["attributes"].items():
            if name == "$include":
                continue
            known = found.setdefault(name, {})
            enum = {**known.get("enum", {}), **own.get("enum", {})}
            known.update(own)
            if enum:
                known["enum"] = enum
        return found, one.get("constraints", constraints)

    def value(self, name, own):
        known = {**self.names[name], **own}
        kind = known["type"]
        if kind in self.types:
            schema = self.simple(kind)
            enum = {**self.names[name].get("enum", {}), **own.get("enum", {})}
            if name == "type_id" and own.get("description", "").startswith("The observable value type"):
                enum = {**enum, **dict.fromkeys(self.observables())}
            if enum and schema.get("type") == "integer":
                schema = {"enum": [int(number) for number in enum]}
        elif kind == "object":
            schema = {"type": "object"}
        elif kind in OBJECTS:
            schema = self.object(f"objects/{kind}.json", "objects")
        else:
            return None
        return {"type": "array", "items": schema} if known.get("is_array") else schema

    def observables(self):
        """The ids that types and attributes have as observables."""
        known = list(self.types.values()) + list(self.names.values())
        return sorted(str(one["observable"]) for one in known if "observable" in one)

    def simple(self, kind):
        known = self.types[kind]
        base = known.get("type", kind)
        if base == "json_t":
            return {}
        schema = {"type": {"string_t": "string", "integer_t": "integer", "long_t": "integer",
                           "boolean_t": "boolean", "float_t": "number"}[base]}
        if "regex" in known:
            schema["pattern"] = known["regex"]
        if "max_len" in known:
            schema["maxLength"] = known["max_len"]
        return schema

    def object(self, path, folder):
        attributes, constraints = self.attributes(path, folder)
        properties, required = {}, []
        for name, own in sorted(attributes.items()):
            if "@deprecated" in {**self.names.get(name, {}), **own}:
                continue
            if own.get("requirement") == "required":
                required.append(name)
            schema = self.value(name, own)
            if schema is not None:
                properties[name] = schema
        schema = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
        if "at_least_one" in constraints:
            schema["anyOf"] = [{"required": [name]} for name in constraints["at_least_one"]]
        return schema

    def finding(self):
        base = self.read("events/base_event.json")["attributes"]
        finding = self.read("events/findings/finding.json")["attributes"]
        own = self.read("events/findings/detection_finding.json")["attributes"]
        merged = {}
        for level in (base, finding, own):
            for name, attribute in level.items():
                if name == "$include":
                    continue
                known = merged.setdefault(name, {})
                enum = {**known.get("enum", {}), **attribute.get("enum", {})}
                known.update(attribute)
                if enum:
                    known["enum"] = enum
        self.attributes = (lambda inner: lambda path, folder: (merged, {}) if path == "" else inner(path, folder))(
            self.attributes)
        schema = self.object("", "")
        schema["properties"]["class_uid"] = {"const": 2004}
        schema["properties"]["category_uid"] = {"const": 2}
        schema["properties"]["type_uid"] = {"enum": [200400 + n for n in (0, 1, 2, 3, 99)]}
        return schema


def ecs(repository):
    """Each field with its type, whether it is a list, and the values it may have."""
    rows = csv.DictReader(io.StringIO(show(repository, ECS, "generated/csv/fields.csv")))
    fields = {row["Field"]: row for row in rows if SETS.match(row["Field"])}
    flat = show(repository, ECS, "generated/ecs/ecs_flat.yml")
    schema = {}
    for name, row in sorted(fields.items()):
        block = re.search(rf"^{re.escape(name)}:\n((?:  .*\n|\n)*)", flat, re.M)
        allowed = re.findall(r"^    name: (\S+)$", block.group(1), re.M) if block else []
        allowed = allowed if block and "  allowed_values:" in block.group(1) else []
        schema[name] = {"type": row["Type"], "list": row["Normalization"] == "array"}
        if allowed:
            schema[name]["allowed"] = allowed
    return schema


def main():
    ocsf_repository, ecs_repository = sys.argv[1:]
    ocsf = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Ocsf(ocsf_repository).finding()}
    (HERE / "ocsf-1.8.0-detection-finding.json").write_text(json.dumps(ocsf, separators=(",", ":")) + "\n")
    fields = ",\n".join(f"{json.dumps(name)}: {json.dumps(field)}" for name, field in ecs(ecs_repository).items())
    (HERE / "ecs-9.4.0-fields.json").write_text("{\n" + fields + "\n}\n")


main()
