"""Holds the request bodies of a simulator's journal against the types that Telnyx's Python package declares for them.

Usage: journal.py JOURNAL [ENDPOINT]...

Prints how many bodies of which endpoints were judged. Ends with an error when a body is wrong, a request has no endpoint in the
contract, or an ENDPOINT (as `POST /calls`) has no body in the journal.
"""

import json
import sys
from collections import Counter

import strict
import surface


def judge(text):
    """The endpoint of one request with its complaints, or None when it has no body."""
    try:
        line = json.loads(text)
    except ValueError:
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


def main(journal, *expected):
    judged, wrong = Counter(), Counter()
    with open(journal, encoding="utf-8") as lines:
        for text in lines:
            verdict = judge(text)
            if verdict:
                endpoint, complaints = verdict
                judged[endpoint] += 1
                wrong.update(f"{endpoint}: {one}" for one in complaints)
    for endpoint, count in sorted(judged.items()):
        print(f"{count:7} bodies of {endpoint}")
    print(f"{sum(judged.values()):7} bodies judged by Telnyx's Python package, {wrong.total()} complaints")
    wrong.update(f"{endpoint}: no body in the journal" for endpoint in expected if not judged[endpoint])
    if wrong:
        sys.exit("\n".join(f"{one} ({count} times)" for one, count in sorted(wrong.items())))


main(*sys.argv[1:])
