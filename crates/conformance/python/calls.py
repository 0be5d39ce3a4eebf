"""Stories of calls and of what can be told to them."""

from telnyx import UnprocessableEntityError

MACHINE, FAX, SILENCE, BUSY = "+12025550111", "+12025550112", "+12025550113", "+12025550114"
HOLDS, SCREENS = "+12025550115", "+12025550116"
AUDIO = "https://example.com/audio.mp3"


def one_call(stage, connection):
    """From the dial to the bill."""
    api = stage.api.calls
    call = api.dial(
        to="+12025550100",
        from_="+12025550001",
        connection_id=connection,
        client_state="c3RhdGU=",
        command_id="1",
        timeout_secs=60,
        record="record-from-answer",
    ).data
    leg = call.call_control_id
    assert call.is_alive is False and call.recording_id, "a dial is accepted before anything rings"
    speak = lambda: api.actions.speak(leg, payload="Hello", voice="female")
    assert stage.refused(UnprocessableEntityError, speak)["code"] == "90034"
    active = list(stage.api.connections.list_active_calls(connection))
    assert [(one.call_control_id, one.client_state) for one in active] == [(leg, "c3RhdGU=")]
    stage.pass_seconds(3)
    assert speak().data.result == "ok"
    stage.pass_seconds(3)
    assert stage.seen("call.speak.ended", call_control_id=leg, status="completed", client_state="c3RhdGU=")
    api.actions.update_client_state(leg, client_state="bmV3")
    assert api.actions.hangup(leg).data.result == "ok"
    stage.settle()
    assert stage.seen("call.hangup", call_control_id=leg, client_state="bmV3", hangup_cause="normal_clearing")
    assert stage.seen("call.cost", call_control_id=leg)
    assert stage.refused(UnprocessableEntityError, lambda: api.actions.hangup(leg))["code"] == "90018"
    assert api.retrieve_status(leg).data.is_alive is False
    names = [event.name for event in stage.api.call_events.list(filter={"leg_id": call.call_leg_id})]
    assert names[:3] == ["dial", "call.initiated", "call.answered"], names
    stage.pass_seconds(5)
    assert stage.seen("call.recording.saved", call_leg_id=call.call_leg_id)


def machine_detection(stage, connection):
    """Every mode against everybody who may pick up."""
    for number in (MACHINE, FAX, SILENCE, BUSY):
        for mode in ("premium", "detect_beep", "detect_words", "greeting_end"):
            stage.dial(connection, to=number, answering_machine_detection=mode)
    stage.pass_seconds(120)
    assert stage.seen("call.machine.premium.detection.ended", result="machine")
    assert stage.seen("call.machine.premium.greeting.ended", result="beep_detected")
    assert stage.seen("call.machine.detection.ended", result="machine")
    assert stage.seen("call.hangup", hangup_cause="user_busy")


def screening(stage, connection):
    """A telephone asks who is calling, and its owner takes the call."""
    leg = stage.dial(connection, to=SCREENS, answering_machine_detection="premium_ios_call_screening_detection")
    stage.pass_seconds(30)
    assert stage.seen("call.machine.premium.detection.ended", call_control_id=leg, result="machine")
    assert stage.seen("call.machine.premium.call_screening.detected", call_control_id=leg, result="screening")
    assert stage.seen("call.machine.premium.detection.ended", call_control_id=leg, result="human_residence")
    stage.end(leg)


def on_hold(stage, connection):
    """The other telephone puts the call on hold, and takes it back."""
    leg = stage.dial(connection, to=HOLDS)
    stage.pass_seconds(20)
    assert stage.seen("call.hold", call_control_id=leg) and stage.seen("call.unhold", call_control_id=leg)
    stage.end(leg)


def playback(stage, connection):
    actions = stage.api.calls.actions
    leg = stage.dial(connection)
    for audio in (AUDIO, "https://example.com/missing.mp3", "https://example.com/broken.mp3"):
        actions.start_playback(leg, audio_url=audio)
        stage.pass_seconds(10)
    actions.start_playback(leg, media_name="music", loop="infinity")
    actions.stop_playback(leg, stop="all")
    stage.settle()
    for status in ("completed", "file_not_found", "failed", "cancelled"):
        assert stage.seen("call.playback.ended", call_control_id=leg, status=status), status
    actions.hangup(leg)
    stage.settle()


def waiting(stage, connection):
    """Calls in a queue."""
    actions, queue = stage.api.calls.actions, stage.api.queues.calls
    leg = stage.dial(connection)
    actions.enqueue(leg, queue_name="hotline", max_size=4)
    assert queue.retrieve(leg, queue_name="hotline").data.call_control_id == leg
    queue.update(leg, queue_name="hotline", keep_after_hangup=True)
    assert [one.call_control_id for one in queue.list("hotline")] == [leg]
    actions.leave_queue(leg)
    stage.settle()
    assert stage.seen("call.dequeued", call_control_id=leg, reason="leave")
    actions.enqueue(leg, queue_name="hotline", keep_after_hangup=True)
    actions.hangup(leg)
    stage.settle()
    queue.remove(leg, queue_name="hotline")
    assert list(queue.list("hotline")) == []
    deliveries = stage.api.webhook_deliveries
    newest = next(iter(deliveries.list(page_size=5)))
    assert deliveries.retrieve(newest.id).data.webhook.event_type in stage.events


def incoming(stage, connection):
    """Calls to the account: one is answered, one is not wanted."""
    actions = stage.api.calls.actions
    leg = stage.ring(connection)
    assert stage.seen("call.initiated", call_control_id=leg, direction="incoming", state="parked")
    actions.answer(leg, client_state="c3RhdGU=")
    stage.settle()
    assert stage.seen("call.answered", call_control_id=leg, client_state="c3RhdGU=")
    actions.hangup(leg)
    unwanted = stage.ring(connection)
    actions.reject(unwanted, cause="USER_BUSY")
    stage.settle()
    assert stage.seen("call.hangup", call_control_id=unwanted, hangup_cause="user_busy")


def digits(stage, connection):
    """Input by keys, with every kind of question."""
    actions = stage.api.calls.actions
    leg = stage.dial(connection)
    questions = (
        lambda: actions.gather(leg, maximum_digits=4, gather_id="pin"),
        lambda: actions.gather_using_speak(leg, payload="Your number?", voice="female", invalid_payload="Again."),
        lambda: actions.gather_using_audio(leg, audio_url=AUDIO, invalid_media_name="again", valid_digits="1234"),
    )
    for number, ask in enumerate(questions, start=1):
        ask()
        stage.press(leg, f"12{number}#")
        assert stage.seen("call.gather.ended", call_control_id=leg, status="valid", digits=f"12{number}"), number
    assert stage.seen("call.dtmf.received", call_control_id=leg, digit="#")
    actions.gather(leg)
    actions.stop_gather(leg)
    stage.settle()
    assert stage.seen("call.gather.ended", call_control_id=leg, status="cancelled")
    actions.hangup(leg)
    stage.settle()


def two_legs(stage, connection):
    """Legs that are joined: bridged, transferred, referred, supervised."""
    actions = stage.api.calls.actions
    one, other = stage.dial(connection), stage.dial(connection)
    actions.bridge(one, call_control_id_to_bridge_with=other, play_ringtone=True)
    stage.pass_seconds(1)
    assert stage.seen("call.bridged", call_control_id=one) and stage.seen("call.bridged", call_control_id=other)
    supervisor = stage.dial(connection, supervise_call_control_id=one, supervisor_role="monitor")
    actions.switch_supervisor_role(supervisor, role="whisper")
    for leg in (supervisor, one, other):
        stage.end(leg)
    transferred = stage.dial(connection)
    actions.transfer(transferred, to="+12025550100", from_="+12025550001", target_leg_client_state="bmV3")
    stage.pass_seconds(5)
    stage.end(transferred)
    referred = stage.dial(connection)
    actions.refer(referred, sip_address="sip:desk@example.com")
    stage.pass_seconds(10)
    assert stage.seen("call.refer.completed", call_control_id=referred)
    stage.end(referred)
