"""What each route says of itself in the OpenAPI document: answers, examples, errors."""

from typing import Any

from pydantic import BaseModel

from api.errors import PROBLEM_TYPE
from api.models import Problem

TELLS = {
    304: "The client's copy is current (If-None-Match).",
    400: "Not a city code: `rule` names the test that failed.",
    404: "A well-formed code that names nothing, or something of another kind.",
    406: "No form of the answer is acceptable.",
    410: "The code was retired or voided.",
    422: "A parameter breaks a rule: `field` and `rule` say which.",
    503: "The database does not answer.",
}
_PROBLEM_EXAMPLES: dict[int, dict[str, Any]] = {
    400: {
        "type": "urn:citypulse:problem:bad-code",
        "title": "Not a city code",
        "status": 400,
        "code": "bad-code",
        "detail": "'C7K3K4WTA' is not a city code: the check character does not fit",
        "instance": "/c/C7K3K4WTA",
        "rule": "check",
    },
    422: {
        "type": "urn:citypulse:problem:bad-parameter",
        "title": "Unprocessable Content",
        "status": 422,
        "code": "bad-parameter",
        "detail": "bbox: '1,2,3' must be four numbers: west,south,east,north",
        "instance": "/api/v1/entities",
        "field": "bbox",
        "rule": "must be four numbers: west,south,east,north",
    },
}


def answers(
    model: type[BaseModel],
    example: Any,
    *errors: int,
    media_type: str = "application/json",
    tagged: bool = False,
) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of a route: what it answers with, an example, and its errors."""
    content = {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}, "example": example}
    told: dict[int | str, dict[str, Any]] = {
        200: {"description": (model.__doc__ or "").strip(), "content": {media_type: content}},
        **({304: {"description": TELLS[304]}} if tagged else {}),
    }
    for status in sorted({*errors, 422, 503}):
        told[status] = problem_answer(status)
    return told


def problem_answer(status: int) -> dict[str, Any]:
    """Return how an error of this status is described."""
    content: dict[str, Any] = {"schema": {"$ref": f"#/components/schemas/{Problem.__name__}"}}
    if status in _PROBLEM_EXAMPLES:
        content["example"] = _PROBLEM_EXAMPLES[status]
    return {"description": TELLS[status], "content": {PROBLEM_TYPE: content}}
