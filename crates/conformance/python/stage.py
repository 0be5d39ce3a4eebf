"""The package's client on a simulator, with a judge on every answer and every webhook.

Promises that whatever the stage's `api` does is noted by the method's name and judged twice: by the package's own strict mode, and
by `strict`, which also minds fields that the package does not declare. Complaints are collected, not raised: one run shows all.
"""

import json
import time
from contextlib import contextmanager
from operator import attrgetter

import strict
import surface
from receiver import Receiver
from telnyx import APIStatusError, DefaultHttpxClient, Telnyx
from typing_extensions import get_origin

KEY = "KEY_SIMULATOR"
FROM = "+12025550001"
# Far more than a busy machine needs.
PATIENCE_SECONDS = 60
# Telnyx API reference, "List all active calls for given connection": pages by cursor. The package declares numbered pages, so
# its strict mode would refuse what its usual mode reads.
PAGED_BY_CURSOR = {"connections.list_active_calls"}


class Stage:
    def __init__(self, base_url, admin_url, public_key):
        # Whatever proxy the environment names, loopback is reached directly.
        self._http = DefaultHttpxClient(trust_env=False, timeout=PATIENCE_SECONDS)
        self._admin_url = admin_url
        self._receiver = Receiver()
        self.base_url = base_url
        self.client = self.client_with(KEY, public_key=public_key, _strict_response_validation=True)
        self._lenient = self.client_with(KEY)
        self.api = _Method(self, ())
        self.hooks = self._receiver.url
        self.driven, self.told = {}, {}
        self.events = {}
        self._story = None
        self.complaints = []

    def client_with(self, key, **more):
        return Telnyx(api_key=key, base_url=self.base_url, max_retries=0, http_client=self._http, **more)

    def sim(self, method, path, body=None):
        """The simulator's own `/sim`."""
        answer = self._http.request(method, f"{self._admin_url}/{path}", json=body)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def pass_seconds(self, seconds):
        """Lets simulated time pass; returns when every webhook of that time has arrived and was judged."""
        self.sim("POST", "time", {"advanceMs": round(seconds * 1000)})
        self.settle()

    def settle(self):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.sim("GET", "counters")["webhooksPending"] > 0:
            assert time.monotonic() < deadline, "webhooks are still on their way"
            time.sleep(0.01)
        for headers, text in self._receiver.take():
            self._judge_webhook(headers, text)

    def call(self, sdk, args, kwargs):
        owner, _, name = sdk.rpartition(".")
        client = self._lenient if sdk in PAGED_BY_CURSOR else self.client
        answer = getattr(attrgetter(owner)(client).with_raw_response, name)(*args, **kwargs)
        self.driven.setdefault(sdk, self._story)
        self._judge_answer(sdk, answer.http_response.text)
        return answer.parse()

    def _judge_answer(self, sdk, text):
        declared = surface.answer_type(sdk)
        if declared is None:
            self._complain(sdk, [f"should have no body, has {text!r}"] if text else [])
        elif get_origin(declared) is list:
            page = json.loads(text)
            self._complain(sdk, [f"a page has data and meta, this one {sorted(page)}"] if set(page) != {"data", "meta"} else [])
            # `meta` is left to the package's own strict mode: it declares only those of the documented fields that it reads.
            self._complain(sdk, strict.complaints(declared, json.dumps(page.get("data"))))
        else:
            self._complain(sdk, strict.complaints(declared, text))

    def _judge_webhook(self, headers, text):
        envelope = json.loads(text)
        event_type = envelope.get("data", {}).get("event_type")
        try:
            self.client.webhooks.unwrap(text, headers=headers)
        except ValueError as error:
            self._complain(event_type, [str(error)])
        model = surface.events().get(event_type)
        if model is None:
            self._complain(event_type, ["is not an event of the package"])
            return
        # Telnyx, "Receiving webhooks": every event says when it occurred; the package leaves that out for conferences.
        event = {name: value for name, value in envelope["data"].items() if name in model.model_fields or name != "occurred_at"}
        self._complain(event_type, strict.complaints(model, json.dumps(event)))
        meta = envelope.get("meta", {})
        if set(envelope) != {"data", "meta"} or meta.get("delivered_to") != self.hooks or meta.get("attempt") != 1:
            self._complain(event_type, [f"the envelope is {sorted(envelope)} with {meta}"])
        self.told.setdefault(event_type, self._story)
        self.events.setdefault(event_type, []).append(envelope["data"]["payload"])

    def _complain(self, about, complaints):
        self.complaints.extend(f"{about}: {one}" for one in complaints)

    def tell(self, story, *args):
        """Tells a story to its end, webhooks included."""
        self._story = f"{story.__module__}.{story.__name__}"
        result = story(self, *args)
        self.settle()
        return result

    # What stories ask for.

    def refused(self, error_type, act):
        """The first error of a request that must be refused so."""
        try:
            act()
        except error_type as error:
            return error.body["errors"][0]
        except APIStatusError as error:
            raise AssertionError(f"expected {error_type.__name__}, got {error}") from error
        raise AssertionError(f"expected {error_type.__name__}, got success")

    def dial(self, connection, to="+12025550100", **more):
        """A call that was answered."""
        leg = self.api.calls.dial(to=to, from_=FROM, connection_id=connection, **more).data.call_control_id
        self.pass_seconds(3)
        return leg

    def ring(self, connection, **more):
        """An incoming call that rings."""
        order = {"to": FROM, "from": "+12025550190", "connectionId": connection, **more}
        leg = self.sim("POST", "calls", order)["callControlId"]
        self.pass_seconds(1)
        return leg

    @contextmanager
    def fault(self, fault):
        """What goes wrong meanwhile, as the behaviour file writes it."""
        self.sim("POST", "faults", fault)
        yield
        self.sim("DELETE", "faults")

    def end(self, leg):
        """Hangs up, unless somebody else has."""
        if self.client.calls.retrieve_status(leg).data.is_alive:
            self.api.calls.actions.hangup(leg)
        self.settle()

    def press(self, leg, digits):
        """The other end presses keys."""
        self.sim("POST", f"calls/{leg}/press", {"digits": digits})
        self.pass_seconds(10)

    def seen(self, event_type, **payload):
        """Whether such an event came with these fields in its payload."""
        return any(all(one.get(name) == value for name, value in payload.items()) for one in self.events.get(event_type, ()))


class _Method:
    """A method of the client or something on the way to it, by name."""

    def __init__(self, stage, path):
        self._stage, self._path = stage, path

    def __getattr__(self, name):
        return _Method(self._stage, (*self._path, name))

    def __call__(self, *args, **kwargs):
        return self._stage.call(".".join(self._path), args, kwargs)
