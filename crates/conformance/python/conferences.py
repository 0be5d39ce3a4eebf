"""Stories of conferences."""

AUDIO = "https://example.com/audio.mp3"


def life(stage, connection):
    """A conference from its first participant to its end, with every command."""
    api = stage.api.conferences
    actions = api.actions
    owner, guest, visitor = (stage.dial(connection) for _ in range(3))
    created = api.create(call_control_id=owner, name="python", beep_enabled="never", start_conference_on_create=True)
    room = created.data.id
    stage.settle()
    assert stage.seen("conference.created", conference_id=room)
    assert api.retrieve(room).data.name == "python"
    assert [one.id for one in api.list(filter={"name": "python"})] == [room]
    actions.join(room, call_control_id=guest, beep_enabled="always", mute=True)
    actions.join(room, call_control_id=visitor, supervisor_role="none")
    stage.settle()
    everybody = {one.call_control_id: one for one in api.list_participants(room)}
    assert set(everybody) == {owner, guest, visitor} and everybody[guest].muted
    seat = everybody[guest].id
    assert api.retrieve_participant(seat, id=room).data.call_control_id == guest
    assert api.update_participant(seat, id=room, end_conference_on_exit=False).data.id == seat
    actions.unmute(room, call_control_ids=[guest])
    actions.mute(room, call_control_ids=[guest])
    actions.hold(room, call_control_ids=[guest], audio_url=AUDIO)
    actions.unhold(room, call_control_ids=[guest])
    actions.update(room, call_control_id=visitor, supervisor_role="whisper", whisper_call_control_ids=[guest])
    actions.send_dtmf(room, digits="12", call_control_ids=[visitor])
    sounds(stage, room, guest)
    recordings(stage, room)
    actions.gather_dtmf_audio(room, call_control_id=visitor, audio_url=AUDIO, maximum_digits=1)
    stage.press(visitor, "1")
    actions.leave(room, call_control_id=visitor)
    stage.settle()
    assert stage.seen("conference.participant.left", conference_id=room, call_control_id=visitor)
    actions.end_conference(room)
    stage.settle()
    assert stage.seen("conference.ended", conference_id=room)
    for leg in (owner, guest, visitor):
        stage.end(leg)


def sounds(stage, room, guest):
    """What all hear, and what one hears."""
    actions = stage.api.conferences.actions
    for listeners in ({}, {"call_control_ids": [guest]}):
        actions.play(room, audio_url=AUDIO, **listeners)
        stage.pass_seconds(10)
        actions.speak(room, payload="Hello", voice="female", **listeners)
        stage.pass_seconds(10)
        actions.play(room, audio_url=AUDIO, loop="infinity", **listeners)
        stage.settle()
        actions.stop(room, **listeners)
        stage.settle()


def recordings(stage, room):
    actions = stage.api.conferences.actions
    actions.record_start(room, format="mp3", channels="dual", play_beep=False)
    actions.record_pause(room)
    actions.record_resume(room)
    stage.pass_seconds(5)
    actions.record_stop(room)
    stage.pass_seconds(10)
    assert stage.seen("conference.recording.saved", conference_id=room)
