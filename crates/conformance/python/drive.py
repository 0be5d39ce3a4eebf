"""Drives a simulator with Telnyx's own Python package: others' code judges requests, answers, signatures and webhooks.

Usage: drive.py READY_FILE REPORT_FILE

READY_FILE is what the simulator writes when it listens; REPORT_FILE becomes JSON with the methods `driven`, the `events` seen,
the methods `served`, and every one of the judge's `complaints`. Ends with an error only when a story cannot go on.
"""

import json
import sys
from pathlib import Path

import calls
import objects
import surface
from stage import Stage


def stories(stage):
    profile = objects.profiles(stage)
    application = objects.applications(stage, profile)
    objects.queues(stage)
    objects.refusals(stage, application)
    calls.one_call(stage, application)
    calls.machine_detection(stage, application)
    calls.playback(stage, application)
    calls.waiting(stage, application)
    objects.farewell(stage, application, profile)


def main(ready_file, report_file):
    ready = json.loads(Path(ready_file).read_text(encoding="utf-8"))
    stage = Stage(ready["baseUrl"], ready["adminUrl"], ready["publicKey"])
    stories(stage)
    stage.settle()
    report = {
        "contract": {"methods": sorted(surface.endpoints()), "events": sorted(surface.contract()["webhooks"])},
        "served": sorted(sdk for sdk in surface.endpoints() if stage.serves(sdk)),
        "driven": sorted(stage.driven),
        "events": sorted(stage.events),
        "complaints": stage.complaints,
    }
    Path(report_file).write_text(json.dumps(report), encoding="utf-8")


main(*sys.argv[1:])
