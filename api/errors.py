"""Errors to HTTP: one table from class to status, and problem+json (RFC 9457) for every error."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar

import msgspec
import psycopg
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from psycopg_pool import PoolClosed, PoolTimeout
from starlette.exceptions import HTTPException

from city.errors import (
    BadCode,
    CitypulseError,
    InvalidValue,
    UnknownMetric,
    UnknownProfile,
    shortened,
)
from store.errors import BadRange
from vitals.indicators import UnknownIndicator

log = logging.getLogger(__name__)

PROBLEM_TYPE = "application/problem+json"
RETRY_AFTER_S = "5"


class BadParameter(CitypulseError):
    """A parameter of the request breaks a rule."""

    code: ClassVar[str] = "bad-parameter"

    def __init__(self, field: str, value: object, rule: str) -> None:
        super().__init__(f"{field}: {shortened(value)!r} {rule}")
        self.field = field
        self.value = value
        self.rule = rule


class Unassigned(CitypulseError):
    """A well-formed code that names nothing."""

    code: ClassVar[str] = "unassigned"

    def __init__(self, code_text: str) -> None:
        super().__init__(f"{code_text} is a well-formed code that names nothing")
        self.code_text = code_text


class Gone(CitypulseError):
    """A code whose thing has ended: `tombstone` says what is left of it."""

    code: ClassVar[str] = "gone"

    def __init__(self, tombstone: Mapping[str, Any]) -> None:
        super().__init__(f"{tombstone['assigned']} is {tombstone['state']}: {tombstone['reason']}")
        self.tombstone = tombstone


class WrongKind(CitypulseError):
    """A code names something of another kind than asked for."""

    code: ClassVar[str] = "wrong-kind"

    def __init__(self, code_text: str, wanted: str) -> None:
        super().__init__(f"{code_text} is not {wanted}")
        self.code_text = code_text


class NotAcceptable(CitypulseError):
    """The client accepts no form that the answer can take."""

    code: ClassVar[str] = "not-acceptable"

    def __init__(self, accept: str, offered: tuple[str, ...]) -> None:
        super().__init__(f"Accept: {shortened(accept)!r}; there are {', '.join(offered)}")
        self.offered = offered


class TooManyStreams(CitypulseError):
    """The bound on open live streams is reached."""

    code: ClassVar[str] = "too-many-streams"

    def __init__(self, limit: int) -> None:
        super().__init__(f"{limit} live streams are open, which is the limit; try again later")


# Most special first: the first class that fits decides.
STATUS: Mapping[type[Exception], int] = {
    BadCode: HTTPStatus.BAD_REQUEST,
    BadParameter: HTTPStatus.UNPROCESSABLE_ENTITY,
    BadRange: HTTPStatus.UNPROCESSABLE_ENTITY,
    InvalidValue: HTTPStatus.UNPROCESSABLE_ENTITY,
    UnknownProfile: HTTPStatus.UNPROCESSABLE_ENTITY,
    UnknownMetric: HTTPStatus.UNPROCESSABLE_ENTITY,
    UnknownIndicator: HTTPStatus.UNPROCESSABLE_ENTITY,
    Unassigned: HTTPStatus.NOT_FOUND,
    WrongKind: HTTPStatus.NOT_FOUND,
    Gone: HTTPStatus.GONE,
    NotAcceptable: HTTPStatus.NOT_ACCEPTABLE,
    TooManyStreams: HTTPStatus.SERVICE_UNAVAILABLE,
    PoolTimeout: HTTPStatus.SERVICE_UNAVAILABLE,
    PoolClosed: HTTPStatus.SERVICE_UNAVAILABLE,
    psycopg.errors.QueryCanceled: HTTPStatus.SERVICE_UNAVAILABLE,
    psycopg.OperationalError: HTTPStatus.SERVICE_UNAVAILABLE,
}
_TITLES = {
    BadCode.code: "Not a city code",
    Unassigned.code: "Code not assigned",
    "database-unavailable": "The database does not answer",
}
# RFC 9110 renamed 422; Python 3.11 has the older phrase.
_PHRASES = {HTTPStatus.UNPROCESSABLE_ENTITY: "Unprocessable Content"}
# What FastAPI finds, in our words: its type of fault, and a rule filled from the fault's context.
_RULES = {
    "missing": "is required",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be {expected}",
}
_FACTS = ("field", "rule")


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    instance: str,
    facts: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return an error as problem+json; `code` is its stable name, `facts` are extension members."""
    body = {
        "type": f"urn:citypulse:problem:{code}",
        "title": _TITLES.get(code) or phrase(status),
        "status": int(status),
        "code": code,
        "detail": detail,
        "instance": instance,
        **(facts or {}),
    }
    extra = {"Cache-Control": "no-store", **(headers or {})}
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        extra["Retry-After"] = RETRY_AFTER_S
    return Response(msgspec.json.encode(body), status, extra, PROBLEM_TYPE)


def phrase(status: int) -> str:
    """Return the status in words, as RFC 9110 has them."""
    known = HTTPStatus(status)
    return _PHRASES.get(known, known.phrase)


def status_of(error: Exception) -> int:
    """Return the status the table gives an error; 500 where it says nothing."""
    return next(
        (status for kind, status in STATUS.items() if isinstance(error, kind)),
        HTTPStatus.INTERNAL_SERVER_ERROR,
    )


def install(app: FastAPI) -> None:
    """Have every error of `app` answered as problem+json."""
    for kind in STATUS:
        app.add_exception_handler(kind, _known)
    app.add_exception_handler(CitypulseError, _known)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


def facts_of(error: CitypulseError) -> dict[str, Any]:
    """Return an error's extension members: which field and rule, or what is left of a code."""
    facts = {name: getattr(error, name) for name in _FACTS if hasattr(error, name)}
    return {**facts, **(error.tombstone if isinstance(error, Gone) else {})}


async def _known(request: Request, error: Exception) -> Response:
    status = status_of(error)
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return await _unexpected(request, error)
    if not isinstance(error, CitypulseError):
        log.warning("database unavailable: error=%s path=%s", error, request.url.path)
        return problem(
            status,
            "database-unavailable",
            "the database does not answer in time; nothing is known about what was asked for",
            instance=request.url.path,
        )
    facts = facts_of(error)
    return problem(status, error.code, str(error), instance=request.url.path, facts=facts)


async def _invalid(request: Request, error: Exception) -> Response:
    # What FastAPI found: the first fault is told in full, all of them by field.
    faults = error.errors() if isinstance(error, RequestValidationError) else []
    told = [{"field": str(fault["loc"][-1]), "rule": _rule(fault)} for fault in faults]
    detail = f"{told[0]['field']}: {_given(faults[0])}{told[0]['rule']}" if told else "invalid"
    return problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        BadParameter.code,
        detail,
        instance=request.url.path,
        facts={"field": told[0]["field"], "rule": told[0]["rule"], "faults": told} if told else {},
    )


def _rule(fault: Mapping[str, Any]) -> str:
    rule = _RULES.get(fault["type"])
    return str(fault["msg"]) if rule is None else rule.format(**fault.get("ctx", {}))


def _given(fault: Mapping[str, Any]) -> str:
    return "" if fault["type"] == "missing" else f"{shortened(fault.get('input'))!r} "


async def _http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = error.headers if isinstance(error, HTTPException) else None
    words = phrase(status)
    code = words.lower().replace(" ", "-")
    path = request.url.path
    detail = {
        HTTPStatus.NOT_FOUND: f"there is nothing at {shortened(path)}; /docs lists what there is",
        HTTPStatus.METHOD_NOT_ALLOWED: f"{shortened(path)} does not take {request.method}",
    }.get(HTTPStatus(status), words)
    return problem(status, code, detail, instance=path, headers=headers)


async def _unexpected(request: Request, error: Exception) -> Response:
    log.error("request failed: path=%s", request.url.path, exc_info=error)
    return problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "internal-error",
        "this is our fault, and it has been logged",
        instance=request.url.path,
    )
