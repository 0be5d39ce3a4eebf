"""Stories of what is done with a call's sound: recordings, streams, transcriptions, assistants."""


def recording(stage, connection):
    actions = stage.api.calls.actions
    leg = stage.dial(connection)
    actions.start_recording(leg, channels="dual", format="mp3", play_beep=True, transcription=True)
    stage.pass_seconds(5)
    actions.pause_recording(leg)
    actions.resume_recording(leg)
    stage.pass_seconds(5)
    actions.stop_recording(leg)
    stage.pass_seconds(60)
    stage.end(leg)


def streams(stage, connection):
    """Everything that begins, is told of, and is ended."""
    actions = stage.api.calls.actions
    leg = stage.dial(connection, deepfake_detection={"enabled": True})
    actions.start_streaming(leg, stream_url="wss://example.com/stream", stream_track="both_tracks")
    actions.start_noise_suppression(leg, direction="inbound")
    actions.start_transcription(leg, transcription_engine="Telnyx", transcription_tracks="both")
    stage.pass_seconds(10)
    assert stage.seen("call.transcription", call_control_id=leg)
    actions.send_dtmf(leg, digits="1w2", duration_millis=250)
    actions.send_sip_info(leg, body="hello", content_type="text/plain")
    actions.stop_transcription(leg)
    actions.stop_noise_suppression(leg)
    actions.stop_streaming(leg)
    actions.start_forking(leg, rx="udp:192.0.2.1:9000", tx="udp:192.0.2.1:9001")
    actions.start_siprec(leg, connector_name="archive", session_timeout_secs=900)
    actions.stop_siprec(leg)
    actions.stop_forking(leg)
    stage.settle()
    for event in ("streaming.stopped", "siprec.stopped", "call.fork.stopped"):
        assert stage.seen(event, call_control_id=leg), event
    stage.end(leg)


def failures(stage, connection):
    """What begins and fails."""
    actions = stage.api.calls.actions
    with stage.fault({"scope": {"event": "*"}, "effect": "fail"}):
        leg = stage.dial(connection, deepfake_detection={"enabled": True})
        actions.start_streaming(leg, stream_url="wss://example.com/stream")
        actions.start_siprec(leg)
        actions.start_recording(leg, channels="single", format="wav")
        actions.refer(leg, sip_address="sip:nobody@example.com")
        actions.start_ai_assistant(leg, assistant={"id": "assistant-1"})
        stage.pass_seconds(10)
        stage.end(leg)
        stage.pass_seconds(10)
    failed = (
        "call.conversation.start_failed",
        "call.deepfake_detection.error",
        "call.recording.error",
        "call.refer.failed",
        "siprec.failed",
        "streaming.failed",
    )
    for event in failed:
        assert stage.seen(event, call_control_id=leg), event


def assistants(stage, connection):
    """An assistant asks, an assistant talks, another service talks, money is paid."""
    actions = stage.api.calls.actions
    leg = stage.dial(connection)
    age = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}
    actions.gather_using_ai(
        leg, parameters=age, greeting="How old are you?", send_partial_results=True, send_message_history_updates=True
    )
    stage.pass_seconds(60)
    assert stage.seen("call.ai_gather.ended", call_control_id=leg, result={"age": 36})
    started = actions.start_ai_assistant(leg, assistant={"id": "assistant-1"}, greeting="Hello", send_message_history_updates=True)
    stage.pass_seconds(5)
    actions.add_ai_assistant_messages(leg, messages=[{"role": "user", "content": "Hello"}])
    other = stage.dial(connection)
    participant = {"id": other, "role": "user", "name": "other"}
    actions.join_ai_assistant(leg, conversation_id=started.data.conversation_id, participant=participant)
    stage.end(other)
    actions.stop_ai_assistant(leg)
    stage.pass_seconds(30)
    actions.start_conversation_relay(leg, url="wss://example.com/relay", greeting="Hello")
    stage.pass_seconds(5)
    actions.stop_conversation_relay(leg)
    stage.end(leg)
    stage.pass_seconds(30)
    assert stage.seen("call.analyzed", call_control_id=leg, conversation_id=started.data.conversation_id)


def payment(stage, connection):
    """Money is paid with a card that no bank issues."""
    actions = stage.api.calls.actions
    leg = stage.dial(connection)
    actions.pay(leg, amount=9.95, currency="USD", connector_name="processor", payment_method="credit-card")
    for digits in ("4111111111111111#", "1230#", "123#", "12345#"):
        stage.press(leg, digits)
    stage.pass_seconds(120)
    assert stage.seen("call.payment.progress", call_control_id=leg)
    assert stage.seen("call.payment.completed", call_control_id=leg)
    stage.end(leg)
