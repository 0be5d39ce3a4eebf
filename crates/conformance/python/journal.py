"""Holds the request bodies of a simulator's journal against the types that Telnyx's Python package declares for them.

Usage: journal.py JOURNAL [ENDPOINT]...

Prints how many bodies of which endpoints were judged. Ends with an error when a body is wrong, a request has no endpoint in the
contract, or an ENDPOINT (as `POST /calls`) has no body in the journal that was accepted.
"""

import json
import re
import sys
from collections import Counter

import strict
import surface


def judge(line):
    """The endpoint of one request with its complaints, or None when it has no body."""
    if line is None:
        return "a line", ["is cut off; was the disk full?"]
    path = line["path"].removeprefix("/v2")
    sdk = surface.sdk_of(line["method"], path)
    if sdk is None:
        return f"{line['method']} {path}", ["is not in the contract"]
    body, declared = line["body"], surface.body_type(sdk)
    if body is None:
        return None
    if declared is None:
        return surface.endpoints()[sdk], ["should have no body"] if body else []
    if not isinstance(body, dict):
        return surface.endpoints()[sdk], ["is no JSON object"]
    # The package's types for bodies also hold what it writes into the path, for some methods.
    in_path = {name for name in surface.parameters(sdk) if name in declared.__annotations__} - set(body)
    return surface.endpoints()[sdk], strict.complaints(declared, json.dumps(body | dict.fromkeys(in_path, "in the path")))


def read(text):
    """One request, or None when there is only a part of it."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def unnamed(endpoint):
    """The endpoint without what its identifiers are called: the package has a name of its own for some."""
    return re.sub(r"\{[^}]*\}", "{}", endpoint)


def main(journal, *expected):
    judged, accepted, wrong = Counter(), Counter(), Counter()
    with open(journal, encoding="utf-8") as lines:
        for line in map(read, lines):
            verdict = judge(line)
            if verdict:
                endpoint, complaints = verdict
                judged[endpoint] += 1
                accepted[unnamed(endpoint)] += bool(line) and line["status"] in range(200, 300)
                wrong.update(f"{endpoint}: {one}" for one in complaints)
    for endpoint, count in sorted(judged.items()):
        print(f"{count:7} bodies of {endpoint}")
    print(f"{sum(judged.values()):7} bodies judged by Telnyx's Python package, {wrong.total()} complaints")
    wrong.update(f"{endpoint}: no accepted body in the journal" for endpoint in expected if not accepted[unnamed(endpoint)])
    if wrong:
        sys.exit("\n".join(f"{one} ({count} times)" for one, count in sorted(wrong.items())))


main(*sys.argv[1:])
