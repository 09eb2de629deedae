# Reads what packaged scripts printed as JSON, line by line: no field twice, no NaN, no infinity.
# usage: check_json.py FILE...      prints "FILE<tab>what is wrong", a line each
import json
import os
import sys


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


for path in sys.argv[1:]:
    try:
        values_of(path)
    except ValueError as wrong:
        print("%s\t%s" % (os.path.basename(path), " ".join(str(wrong).split())))
