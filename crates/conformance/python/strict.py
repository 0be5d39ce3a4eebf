"""Judges JSON by the types of Telnyx's Python package, without the leniency that the package shows as a client.

Promises a complaint for every field that the package does not declare, every value of another type or outside a declared list,
and every required field that is missing. Knows nothing of endpoints and webhooks.
"""

import collections.abc
import inspect
import types
import typing
from functools import cache

import pydantic
import typing_extensions
from telnyx import NotGiven, Omit
from telnyx._models import BaseModel
from telnyx._types import SequenceNotStr
from telnyx._utils import PropertyInfo
from typing_extensions import Annotated, NotRequired, Required, get_args, get_origin

_UNIONS = (typing.Union, types.UnionType)
_LISTS = (list, collections.abc.Iterable, collections.abc.Sequence, SequenceNotStr)
_MAPS = (dict, collections.abc.Mapping)
# Alternatives that exist for Python callers and never travel.
_NEVER_SENT = (NotGiven, Omit)


def complaints(declared, text):
    """What is wrong with this JSON text, one line each; nothing when it is of the declared type."""
    try:
        _adapter(declared).validate_json(text, strict=True)
    except pydantic.ValidationError as error:
        return [_line(one) for one in error.errors(include_url=False)]
    return []


def _line(error):
    where = ".".join(str(part) for part in error["loc"]) or "the body"
    # Long unions name every alternative; the beginning tells enough.
    return f"{where}: {error['msg'][:160]}, got {str(error['input'])[:80]!r}"


@cache
def _adapter(declared):
    return pydantic.TypeAdapter(_closed(declared))


def _closed(declared):
    """The same type, with models that refuse fields they do not declare."""
    if isinstance(declared, typing_extensions.TypeAliasType):
        return _closed(declared.__value__)
    origin, arguments = get_origin(declared), get_args(declared)
    if origin in (Annotated, Required, NotRequired):
        return _closed(arguments[0])
    if origin in _UNIONS:
        return typing.Union[tuple(_closed(one) for one in arguments if one not in _NEVER_SENT)]
    if origin in _LISTS:
        return list[_closed(arguments[0])]
    if origin in _MAPS:
        return dict[str, _closed(arguments[1])]
    if typing_extensions.is_typeddict(declared):
        return _closed_typed_dict(declared)
    if inspect.isclass(declared) and issubclass(declared, BaseModel):
        return _closed_model(declared)
    return declared


@cache
def _closed_typed_dict(declared):
    fields = {}
    for name, hint in typing_extensions.get_type_hints(declared, include_extras=True).items():
        required = declared.__total__
        if get_origin(hint) in (Required, NotRequired):
            required = get_origin(hint) is Required
            hint = get_args(hint)[0]
        fields[_alias(hint) or name] = (_closed(hint), required)
    further = getattr(declared, "__extra_items__", typing_extensions.NoExtraItems)
    return _model(declared.__name__, fields, further is not typing_extensions.NoExtraItems)


@cache
def _closed_model(declared):
    declared.model_rebuild()
    fields = {
        field.alias or name: (_closed(field.annotation), field.is_required())
        for name, field in declared.model_fields.items()
    }
    ours = [base for base in declared.__mro__ if issubclass(base, BaseModel) and base is not BaseModel]
    return _model(declared.__name__, fields, any("__pydantic_extra__" in vars(one).get("__annotations__", {}) for one in ours))


def _alias(hint):
    """The name on the wire, where it is not Python's (`from` is a keyword there)."""
    marks = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    return next((mark.alias for mark in marks if isinstance(mark, PropertyInfo) and mark.alias), None)


def _model(name, fields, open_ended):
    # Attributes are numbered: names on the wire may be keywords or methods of a model. Complaints use the alias.
    numbered = {
        f"field{number}": (hint, pydantic.Field(... if required else None, alias=alias))
        for number, (alias, (hint, required)) in enumerate(fields.items())
    }
    config = pydantic.ConfigDict(extra="allow" if open_ended else "forbid", strict=True, protected_namespaces=())
    return pydantic.create_model(name, __config__=config, **numbered)
