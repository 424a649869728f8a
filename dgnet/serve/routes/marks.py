"""Marking results as right or wrong, for `dgnet gallery calibrate --marks`."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from dgnet.gallery.calibration.marks import Mark, add_marks
from dgnet.serve.asking import TheService, WhoAsks, answer
from dgnet.serve.queries import from_text, name_of
from dgnet.serve.refusal import Refusal
from dgnet.serve.schemas import Marked, Marks

router = APIRouter(prefix="/v1", tags=["marks"])


@router.post("/marks", response_model=Marks)
async def mark(service: TheService, who: WhoAsks, said: Marked) -> Response:
    """Say whether an entry shows the person of a search, or of another entry. The later of two marks counts."""
    if (said.query is None) == (said.query_entry is None):
        raise Refusal(422, "field", "query: give what the search gave back, or query_entry; one of the two.")
    store = service.gallery.store
    if said.query is not None:
        feature = from_text(said.query, service.gallery.embedder.dim)
        kept = await service.ask(store.vectors, [said.entry])
        if said.entry not in kept:
            raise Refusal(404, "not_found", f"There is no entry {said.entry!r}; was it removed?")
        found = Mark(name_of(said.query), said.entry, said.right, similarity=float(feature @ kept[said.entry]))
    else:
        assert said.query_entry is not None
        found = Mark(said.query_entry, said.entry, said.right)
    async with service.marking:
        number = await service.ask(add_marks, store, [found])
    service.audit("mark", who, first=found.first, second=found.second, right=found.same)
    return answer(Marks(num_marks=number))
