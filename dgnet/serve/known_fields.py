"""Fields that an address does not know are refused: a misspelt filter would otherwise be a search without it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from fastapi import Request

from dgnet.serve.refusal import Refusal


async def known_fields(request: Request) -> None:
    """Raise Refusal for a field of the query or of a form that the address does not take, naming the most similar.

    What an address takes is read from the service's own description, /openapi.json.
    """
    schema = request.app.openapi()
    about = schema["paths"][request.scope["route"].path][request.method.lower()]
    parameters = [one["name"] for one in about.get("parameters", []) if one["in"] == "query"]
    _check(request.query_params.keys(), parameters, "the address takes no parameter")
    form = about.get("requestBody", {}).get("content", {}).get("multipart/form-data")
    if form:
        sent = await request.form()  # parsed before, and kept
        name = form["schema"]["$ref"].rpartition("/")[2]
        _check(sent.keys(), list(schema["components"]["schemas"][name]["properties"]), "the form has no field")


def _check(sent: Iterable[str], known: list[str], what: str) -> None:
    for name in sent:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            takes = f"did you mean {close[0]}?" if close else f"it takes {', '.join(known) or 'none'}."
            raise Refusal(422, "field", f"{name[:50]}: {what} of this name; {takes} /docs lists what there is.")
