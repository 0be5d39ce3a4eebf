"""Stories of the objects that an account keeps: profiles, applications, queues."""

from telnyx import AuthenticationError, NotFoundError, UnprocessableEntityError


def profiles(stage):
    """Returns the id of a profile with every field set."""
    api = stage.api.outbound_voice_profiles
    fields = {
        "name": "python",
        "billing_group_id": "6a09cdc3-8948-47f0-aa62-74ac943d6c58",
        "call_recording": {"call_recording_type": "all"},
        "calling_window": {"start_time": "08:00", "end_time": "20:00", "calls_per_cld": 300},
        "concurrent_call_limit": 500,
        "daily_spend_limit": "10.00",
        "max_destination_rate": 0.5,
        "tags": ["a"],
    }
    profile = api.create(**fields).data
    assert profile.name == "python" and profile.concurrent_call_limit == 500
    assert api.update(profile.id, **{**fields, "concurrent_call_limit": 400}).data.concurrent_call_limit == 400
    assert api.retrieve(profile.id).data.tags == ["a"]
    assert [one.id for one in api.list()] == [profile.id]
    spare = api.create(name="spare").data
    assert api.delete(spare.id).data.id == spare.id
    assert stage.refused(NotFoundError, lambda: api.retrieve(spare.id))["code"] == "10005"
    return profile.id


def applications(stage, profile):
    """Returns the id of an application whose webhooks come to the stage."""
    api = stage.api.call_control_applications
    fields = {
        "application_name": "python",
        "webhook_event_url": stage.hooks,
        "webhook_api_version": "2",
        "webhook_timeout_secs": 25,
        "call_cost_in_webhooks": True,
        "inbound": {"channel_limit": 30, "sip_subdomain": "python"},
        "outbound": {"channel_limit": 90, "outbound_voice_profile_id": profile},
    }
    application = api.create(**fields).data
    assert application.webhook_api_version == "2" and application.outbound.outbound_voice_profile_id == profile
    assert api.update(application.id, **{**fields, "active": True}).data.active is True
    assert api.retrieve(application.id).data.application_name == "python"
    for number in range(45):
        api.create(application_name=f"page {number}", webhook_event_url=stage.hooks)
    assert sum(1 for _ in api.list()) == 46, "pages follow each other by default"
    pages = api.list(filter={"application_name": {"contains": "page"}}, page_size=7)
    ids = [one.id for one in pages]
    assert len(set(ids)) == 45, "pages of seven follow each other"
    for id in ids:
        api.delete(id)
    return application.id


def queues(stage):
    api = stage.api.queues
    api.create(queue_name="python", max_size=5)
    api.update("python", max_size=6)
    assert api.retrieve("python").data.max_size == 6
    assert [queue.name for queue in api.list()] == ["python"]
    api.delete("python")
    assert stage.refused(NotFoundError, lambda: api.retrieve("python"))["code"] == "10005"


def refusals(stage, connection):
    """What is refused is refused in the form that the package makes its errors of."""
    stranger = stage.client_with("KEY_STRANGER")
    stage.refused(AuthenticationError, lambda: list(stranger.queues.list()))
    bad = lambda: stage.client.calls.dial(to="123", from_="+12025550001", connection_id=connection)
    error = stage.refused(UnprocessableEntityError, bad)
    assert (error["code"], error["source"]["pointer"]) == ("10016", "/to")


def farewell(stage, application, profile):
    assert stage.api.call_control_applications.delete(application).data.id == application
    assert stage.api.outbound_voice_profiles.delete(profile).data.id == profile
