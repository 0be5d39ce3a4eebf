"""Drives the simulator with Telnyx's own Python package: others' code judges whether the answers are usable.

    pip install telnyx==4.189.0
    telnyx-simulator --listen 127.0.0.1:0 --config always_person.yaml --ready-file ready.json &
    python python_package.py ready.json
"""

import json
import sys
import urllib.request

from telnyx import AuthenticationError, NotFoundError, Telnyx, UnprocessableEntityError

with open(sys.argv[1], encoding="utf-8") as ready:
    READY = json.load(ready)
CLIENT = Telnyx(api_key="KEY_SIMULATOR", base_url=READY["baseUrl"], max_retries=0)
HOOK = "http://127.0.0.1:9/"


def advance(milliseconds):
    body = json.dumps({"advanceMs": milliseconds}).encode()
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(READY["adminUrl"] + "/time", data=body, headers=headers)
    urllib.request.urlopen(request).read()


def refused(error_type, act):
    try:
        act()
    except error_type as error:
        return error.body["errors"][0]
    raise AssertionError(f"expected {error_type.__name__}")


def objects():
    profile = CLIENT.outbound_voice_profiles.create(name="python").data
    application = CLIENT.call_control_applications.create(
        application_name="python",
        webhook_event_url=HOOK,
        webhook_api_version="2",
        outbound={"outbound_voice_profile_id": profile.id},
    ).data
    assert application.webhook_api_version == "2"
    for number in range(45):
        CLIENT.call_control_applications.create(application_name=f"page {number}", webhook_event_url=HOOK)
    assert sum(1 for _ in CLIENT.call_control_applications.list()) == 46
    by_name = {"application_name": {"contains": "page"}}
    assert sum(1 for _ in CLIENT.call_control_applications.list(filter=by_name, page_size=7)) == 45
    CLIENT.queues.create(queue_name="python", max_size=5)
    CLIENT.queues.update("python", max_size=6)
    assert CLIENT.queues.retrieve("python").data.max_size == 6
    assert [queue.name for queue in CLIENT.queues.list()] == ["python"]
    CLIENT.queues.delete("python")
    assert refused(NotFoundError, lambda: CLIENT.queues.retrieve("python"))["code"] == "10005"
    return application.id, profile.id


def call(connection):
    call = CLIENT.calls.dial(
        to="+12025550100",
        from_="+12025550001",
        connection_id=connection,
        client_state="c3RhdGU=",
        command_id="1",
        timeout_secs=60,
    ).data
    leg = call.call_control_id
    assert call.is_alive is False
    speak = lambda: CLIENT.calls.actions.speak(leg, payload="Hello", voice="female")
    assert refused(UnprocessableEntityError, speak)["code"] == "90034"
    active = list(CLIENT.connections.list_active_calls(connection))
    assert [one.call_control_id for one in active] == [leg]
    advance(3000)
    assert speak().data.result == "ok"
    CLIENT.calls.actions.update_client_state(leg, client_state="bmV3")
    assert CLIENT.calls.actions.hangup(leg).data.result == "ok"
    assert refused(UnprocessableEntityError, lambda: CLIENT.calls.actions.hangup(leg))["code"] == "90018"
    assert CLIENT.calls.retrieve_status(leg).data.is_alive is False
    names = [event.name for event in CLIENT.call_events.list(filter={"leg_id": call.call_leg_id})]
    assert names[:3] == ["dial", "call.initiated", "call.answered"], names
    bad = lambda: CLIENT.calls.dial(to="123", from_="+12025550001", connection_id=connection)
    error = refused(UnprocessableEntityError, bad)
    assert (error["code"], error["source"]["pointer"]) == ("10016", "/to")


def main():
    application, profile = objects()
    call(application)
    stranger = Telnyx(api_key="KEY_STRANGER", base_url=READY["baseUrl"], max_retries=0)
    refused(AuthenticationError, lambda: list(stranger.queues.list()))
    CLIENT.call_control_applications.delete(application)
    CLIENT.outbound_voice_profiles.delete(profile)
    print("the Python package is content")


main()
