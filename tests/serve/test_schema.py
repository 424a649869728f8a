"""Every address, by requests made from /openapi.json with pictures of our own making: whether it does as it says."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

schemathesis = pytest.importorskip("schemathesis", reason="pip install schemathesis, to try every address by chance")

OPERATIONS = [
    *("POST /v1/embed", "POST /v1/search", "POST /v1/compare", "POST /v1/marks", "POST /v1/swap"),
    *("POST /v1/interpolate", "GET /v1/entries", "POST /v1/entries", "GET /v1/entries/{id}", "PATCH /v1/entries/{id}"),
    *("DELETE /v1/entries/{id}", "GET /v1/entries/{id}/picture", "GET /v1/info", "GET /healthz", "GET /readyz"),
    "GET /metrics",
]
NUM_EXAMPLES = 20


@st.composite
def picture_bytes(draw: st.DrawFn) -> bytes:
    """A JPEG, PNG or WebP of any small size; now and then one that is cut, altered or none."""
    height, width = draw(st.integers(1, 90)), draw(st.integers(1, 90))
    mode, kind = draw(st.sampled_from(["RGB", "L", "RGBA", "P"])), draw(st.sampled_from(["JPEG", "PNG", "WEBP"]))
    pixels = np.random.default_rng(draw(st.integers(0, 99))).integers(0, 256, (height, width, 3), dtype=np.uint8)
    image = Image.fromarray(pixels).convert("RGB" if kind == "JPEG" and mode in ("RGBA", "P") else mode)
    stream = io.BytesIO()
    image.save(stream, kind)
    data = stream.getvalue()
    match draw(st.integers(0, 5)):
        case 0:
            return data[: draw(st.integers(0, len(data)))]
        case 1:
            place = draw(st.integers(0, len(data) - 1))
            return data[:place] + draw(st.binary(max_size=8)) + data[place:]
        case 2:
            return draw(st.binary(max_size=200))
    return data


@schemathesis.hook
def flatmap_body(context: Any, body: Any) -> st.SearchStrategy[Any]:
    """Pictures in place of what a schema that says `a file` would give."""
    if not isinstance(body, dict) or "images" not in body:
        return st.just(body)
    return st.lists(picture_bytes(), max_size=4).map(lambda images: {**body, "images": images})


@pytest.fixture(scope="module")
def operations(server: Any) -> dict[str, Any]:
    """What /openapi.json describes, by its name."""
    schema = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
    return {one.ok().label: one.ok() for one in schema.get_all_operations()}


def test_all_addresses_are_described(operations: dict[str, Any]) -> None:
    assert set(operations) == set(OPERATIONS)


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_address_does_as_it_says(operations: dict[str, Any], name: str) -> None:
    # A schema cannot say "two files or entries" or "a real picture", so what fits it may be refused; and forms carry
    # text, in which null is a word and one value is a list of one, so what breaks it may be taken.
    from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

    left_out = [negative_data_rejection, positive_data_acceptance]
    strategies = [operations[name].as_strategy(generation_mode=mode) for mode in schemathesis.GenerationMode]

    @settings(max_examples=NUM_EXAMPLES, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(case=st.one_of(strategies))
    def ask(case: Any) -> None:
        case.call_and_validate(timeout=60, excluded_checks=left_out)

    ask()


def test_the_service_is_well_after_all_that(server: Any) -> None:
    assert server.client.get("/readyz").status_code == 200
    assert "Traceback" not in server.errors.read_text()
