"""Drives a simulator with Telnyx's own Python package: others' code judges requests, answers, signatures and webhooks.

Usage: drive.py READY_FILE REPORT_FILE

READY_FILE is what the simulator writes when it listens; REPORT_FILE becomes JSON with the methods `driven` and the `events` seen,
each with the story that was first, and every one of the judge's `complaints`. Ends with an error only when a story cannot go on.
"""

import json
import sys
from pathlib import Path

import calls
import conferences
import media
import objects
import surface
from stage import Stage


def stories(stage):
    """All of them, in turn; each is known by its name from here on."""
    profile = stage.tell(objects.profiles)
    application = stage.tell(objects.applications, profile)
    stage.tell(objects.queues)
    for story in (
        objects.refusals,
        calls.one_call,
        calls.machine_detection,
        calls.screening,
        calls.on_hold,
        calls.playback,
        calls.waiting,
        calls.incoming,
        calls.digits,
        calls.two_legs,
        media.recording,
        media.streams,
        media.failures,
        media.assistants,
        media.payment,
        conferences.life,
    ):
        stage.tell(story, application)
    stage.tell(objects.farewell, application, profile)


def main(ready_file, report_file):
    ready = json.loads(Path(ready_file).read_text(encoding="utf-8"))
    stage = Stage(ready["baseUrl"], ready["adminUrl"], ready["publicKey"])
    stories(stage)
    report = {
        "contract": {"methods": sorted(surface.endpoints()), "events": sorted(surface.contract()["webhooks"])},
        "driven": stage.driven,
        "events": stage.told,
        "complaints": stage.complaints,
    }
    Path(report_file).write_text(json.dumps(report), encoding="utf-8")


main(*sys.argv[1:])
