"""What Telnyx's Python package offers: the methods of the contract with their types, and the webhook events.

Promises to find everything in the package itself; the contract file only says which part of the package is meant.
"""

import inspect
import json
import re
import sys
from functools import cache
from operator import attrgetter
from pathlib import Path

import typing_extensions
from telnyx import Telnyx
from telnyx._base_client import BasePage
from telnyx._models import BaseModel
from telnyx.types import UnwrapWebhookEvent
from typing_extensions import get_args, get_origin

_CONTRACT = Path(__file__).parents[2] / "telnyx-voice/tests/contract/telnyx-voice.json"
_NOWHERE = Telnyx(api_key="KEY_NOWHERE", base_url="http://127.0.0.1:9/v2")


@cache
def contract():
    return json.loads(_CONTRACT.read_text(encoding="utf-8"))


@cache
def endpoints():
    """Name of the method to its endpoint: `calls.dial` to `POST /calls`."""
    return {one["sdk"]: f"{one['method']} {one['path'].removeprefix('/v2')}" for one in contract()["endpoints"]}


def parameters(sdk):
    """The names in the endpoint's path."""
    return re.findall(r"\{(\w+)\}", endpoints()[sdk])


def sdk_of(method, path):
    """The method for a request as it was sent, or None when the contract has no such endpoint."""
    return next((sdk for sdk, shape in _shapes() if shape.fullmatch(f"{method} {path}")), None)


@cache
def _shapes():
    return [(sdk, re.compile(re.sub(r"\{\w+\}", "[^/]+", endpoint))) for sdk, endpoint in endpoints().items()]


@cache
def answer_type(sdk):
    """The declared type of the answer: a model, for a page a list of models, None without a body."""
    declared = typing_extensions.get_type_hints(_function(sdk), localns=_names(sdk))["return"]
    if declared is type(None):
        return None
    if issubclass(declared, BasePage):
        return list[declared.__pydantic_generic_metadata__["args"][0]]
    return declared


@cache
def body_type(sdk):
    """The TypedDict of the method's body, or None for a method that sends none."""
    written = re.search(r"maybe_transform\(.*?,\s*((?:\w+\.)?\w+Params)\b", inspect.getsource(_function(sdk)), re.DOTALL)
    return attrgetter(written[1])(_Names(_names(sdk))) if written else None


class _Names:
    def __init__(self, names):
        self.__dict__ = names


def _function(sdk):
    return attrgetter(sdk)(_NOWHERE).__func__


def _names(sdk):
    return vars(sys.modules[_function(sdk).__module__])


@cache
def events():
    """Event type to the model of the webhook's `data`."""
    found = {}
    for webhook in _members(UnwrapWebhookEvent):
        # One event, `conference.floor.changed`, is declared without the envelope around it.
        data = webhook.model_fields.get("data")
        for model in _members(data.annotation) if data else [webhook]:
            event_type = model.model_fields.get("event_type")
            for name in _literals(event_type.annotation) if event_type else ():
                found[name] = model
    return found


def _members(declared):
    """The alternatives of a union, however it is wrapped."""
    if isinstance(declared, typing_extensions.TypeAliasType):
        return _members(declared.__value__)
    if get_origin(declared) is typing_extensions.Annotated:
        return _members(get_args(declared)[0])
    if inspect.isclass(declared) and issubclass(declared, BaseModel):
        return [declared]
    return [one for member in get_args(declared) for one in _members(member)]


def _literals(declared):
    if get_origin(declared) is typing_extensions.Literal:
        return list(get_args(declared))
    return [name for member in get_args(declared) for name in _literals(member)]
