"""Marking results as right or wrong, for `dgnet gallery calibrate --marks`."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from dgnet.gallery.calibration.marks import Mark, add_marks, remove_mark
from dgnet.serve.asking import TheService, WhoAsks, answer
from dgnet.serve.queries import from_text, name_of
from dgnet.serve.refusal import Refusal
from dgnet.serve.schemas import Marked, Marks

router = APIRouter(prefix="/v1", tags=["marks"])


@router.post("/marks", response_model=Marks)
async def mark(service: TheService, who: WhoAsks, said: Marked) -> Response:
    """Say whether an entry shows the person of a search, or of another entry. The later of two marks counts, and
    null takes them back."""
    if (said.query is None) == (said.query_entry is None):
        raise Refusal(422, "field", "query: give what the search gave back, or query_entry; one of the two.")
    entry, store = said.entry, service.gallery.store
    first = said.query_entry or name_of(said.query or "")
    similarity = None
    if said.query is not None:
        feature = from_text(said.query, service.gallery.embedder.dim)
        kept = await service.ask(store.vectors, [entry])
        if entry not in kept:
            raise Refusal(404, "not_found", f"There is no entry {entry!r}; was it removed?")
        similarity = float(feature @ kept[entry])
    async with service.marking:
        with service.audit.change("mark", who, first=first, second=entry, right=said.right):
            if said.right is None:
                number = await service.ask(remove_mark, store, first, entry)
            else:
                number = await service.ask(add_marks, store, [Mark(first, entry, said.right, similarity)])
    return answer(Marks(num_marks=number))
