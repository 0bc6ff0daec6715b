"""Query parameters that a route does not declare: refused, since a misspelt filter filters nothing.

One dependency for every router; what a route declares is read from the route itself.
"""

from difflib import get_close_matches

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from api.errors import BadParameter


async def only_declared(request: Request) -> None:
    """Refuse a query parameter that the route has no use for.

    Raises:
        BadParameter: naming the parameter, and the nearest one that the route has.
    """
    route = request.scope["route"]
    if not request.query_params or not isinstance(route, APIRoute):
        return
    known = _declared(route.dependant)
    for name, value in request.query_params.items():
        if name not in known:
            raise BadParameter(name, value, _rule(name, known))


def _declared(dependant: Dependant) -> list[str]:
    own = [field.alias for field in dependant.query_params]
    return own + [name for each in dependant.dependencies for name in _declared(each)]


def _rule(name: str, known: list[str]) -> str:
    if not known:
        return "is not a parameter here: this takes none"
    (nearest,) = get_close_matches(name, known, n=1, cutoff=0)
    return f"is not a parameter here; did you mean '{nearest}'? There are {', '.join(known)}"
