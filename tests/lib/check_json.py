# Reads what packaged scripts printed as JSON, line by line: no field twice, no NaN, no infinity, and what the
# schema says of the script.
# usage: check_json.py SCHEMA FILE...      FILE is named as the script; prints "FILE<tab>what is wrong", a line each
import json
import os
import sys

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match


def once(pairs):
    names = [name for name, _ in pairs]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError("twice in one object: %s" % sorted(twice))
    return dict(pairs)


def never(word):
    raise ValueError("%s is no JSON" % word)


def values_of(path):
    with open(path, "rb") as file:
        lines = file.read().decode("utf-8").splitlines()
    if not lines:
        raise ValueError("nothing was printed")
    return [json.loads(line, object_pairs_hook=once, parse_constant=never) for line in lines]


def check(schema, path):
    name = os.path.basename(path)
    if name not in schema["$defs"]:
        raise ValueError("the schema does not know it")
    validator = Draft202012Validator({"$ref": "#/$defs/" + name, "$defs": schema["$defs"]})
    for value in values_of(path):
        wrong = best_match(validator.iter_errors(value))
        if wrong:
            raise ValueError("%s: %s" % (list(wrong.absolute_path), wrong.message))


with open(sys.argv[1]) as file:
    schema = json.load(file)
Draft202012Validator.check_schema(schema)
for path in sys.argv[2:]:
    try:
        check(schema, path)
    except ValueError as wrong:
        print("%s\t%s" % (path, " ".join(str(wrong).split())[:1000]))
