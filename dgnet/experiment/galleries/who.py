"""Who is who in a gallery: a table with one number per person, and a page to look at."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dgnet.experiment.galleries.show import time_text
from dgnet.files.outputs import check_output_file
from dgnet.files.whole_file import write_text_whole
from dgnet.gallery.calibration.calibration import Calibration
from dgnet.gallery.calibration.curve import CalibrationError
from dgnet.gallery.calibration.stored import require_calibration
from dgnet.gallery.centring import complete_means
from dgnet.gallery.links.link import Links, link
from dgnet.gallery.links.places import LinkError, Rules, read_overlaps
from dgnet.gallery.links.quality import PairwiseF1, components, pairwise_f1
from dgnet.gallery.stores.choice import open_store
from dgnet.gallery.stores.protocol import EVERY, Entry, Filter, Float32Array, Store
from dgnet.report.people import Found, Thumbnail, people_page
from dgnet.retrieval.neighbours import near_pairs

COLUMNS = ("person", "certainty", "id", "source", "camera", "time", "track", "identity")
MOST_PEOPLE, MOST_SHOWN = 200, 24  # on the page: people, and pictures of each


@dataclass(frozen=True)
class Who:
    """What was found, and how right it is where identities are known: by plain thresholding too, at the best FAR."""

    links: Links
    num_entries: int
    ours: PairwiseF1 | None = None
    plain: PairwiseF1 | None = None
    plain_far: float = 0.0


def link_gallery(
    address: str,
    out: Path,
    *,
    overlap: Sequence[str] = (),
    apart: float = 0.0,
    frames: bool = False,
    prior: float | None = None,
    cameras: tuple[str, ...] | None = None,
    html: Path | None = None,
) -> Who:
    """Link the gallery's entries and write the table, and the page if one is asked for.

    Raises:
        CalibrationError: the gallery is not calibrated.
        LinkError: nothing to link, or an option that does not fit the gallery.
        OutputError: an output that cannot be written.
    """
    check_output_file(out, "--out", suffixes=(".csv",))
    if html:
        check_output_file(html, "--html", suffixes=(".html", ".htm"))
    if prior is not None and not 0 < prior < 1:
        raise CalibrationError(f"--prior: found {prior}, must be a share between 0 and 1, such as 0.001")
    store = open_store(address)
    try:
        complete_means(store)
        calibration = require_calibration(store)
        entries, features = _read(store, EVERY if cameras is None else Filter(cameras=cameras))
        if not entries:
            raise LinkError(f"{store.address}: no entries to link; add images first, or name other cameras")
        rules = Rules(read_overlaps(overlap, (entry.camera for entry in entries)), apart, frames)
        links = link(entries, features, calibration.overall.curve, rules, prior=prior)
        write_text_whole(out, table_of(entries, links))
        if html:
            write_text_whole(html, _page(store, entries, links))
    finally:
        store.close()
    return _compared(entries, features, links, calibration)


def table_of(entries: Sequence[Entry], links: Links) -> str:
    """The CSV, the largest person first, then by time; an unknown time is empty."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for place in _in_order(entries, links):
        entry = entries[place]
        time = "" if entry.time is None else repr(entry.time)
        known = (entry.id, entry.source, entry.camera, time, entry.track, entry.identity)
        writer.writerow((int(links.person[place]), f"{links.certainty[place]:.4f}", *known))
    return stream.getvalue()


def _in_order(entries: Sequence[Entry], links: Links) -> list[int]:
    def key(place: int) -> tuple[int, float, str]:
        time = entries[place].time
        return int(links.person[place]), float("inf") if time is None else time, entries[place].id

    return sorted(range(len(entries)), key=key)


def _read(store: Store, only: Filter) -> tuple[list[Entry], Float32Array]:
    entries: list[Entry] = []
    parts = [np.empty((0, store.meta.dim), np.float32)]
    for batch, vectors in store.read(only):
        entries += batch
        parts.append(vectors)
    return entries, np.concatenate(parts)


def _compared(entries: Sequence[Entry], features: Float32Array, links: Links, calibration: Calibration) -> Who:
    """How right the links are among entries of known identity, beside plain thresholding."""
    known = np.array([place for place, entry in enumerate(entries) if entry.identity], dtype=np.int64)
    if len(known) < 2 or not calibration.overall.thresholds:
        return Who(links, len(entries))
    truth = np.unique([entries[place].identity for place in known], return_inverse=True)[1]
    pairs = near_pairs(features[known], min(100, len(known) - 1))
    plain = {
        one.asked: pairwise_f1(truth, components(len(known), pairs, one.threshold))
        for one in calibration.overall.thresholds
    }
    best = max(plain, key=lambda far: plain[far].f1)
    return Who(links, len(entries), pairwise_f1(truth, links.person[known]), plain[best], best)


def _page(store: Store, entries: Sequence[Entry], links: Links) -> str:
    """Every person as a row of pictures, by time."""
    rows: dict[int, list[int]] = {}
    for place in _in_order(entries, links):
        rows.setdefault(int(links.person[place]), []).append(place)
    people = []
    for number in sorted(rows)[:MOST_PEOPLE]:
        places = rows[number]
        # As many as are shown, evenly over the person's time.
        shown = [places[k] for k in np.unique(np.linspace(0, len(places) - 1, MOST_SHOWN).astype(int))]
        small = store.thumbnails([entries[place].id for place in shown])
        people.append(Found([], [_thumbnail(entries[place], links, place, small) for place in shown]))
    facts = (
        ("Gallery", store.address),
        ("Entries", f"{len(entries):,}"),
        ("People found", f"{links.num_people:,}" + (f", {MOST_PEOPLE} shown" if len(rows) > MOST_PEOPLE else "")),
        ("Pictures", f"at most {MOST_SHOWN} of each person, by time"),
    )
    return people_page("Who is who", facts, people)


def _thumbnail(entry: Entry, links: Links, place: int, small: dict[str, bytes]) -> Thumbnail:
    lines = [f"camera {entry.camera or 'unknown'}"]
    lines += [] if entry.time is None else [time_text(entry.time)]
    lines += [f"track {entry.track}"] if entry.track else []
    lines += [entry.identity] if entry.identity else []
    lines.append(f"certainty {links.certainty[place]:.2f}")
    return Thumbnail(small.get(entry.id, b""), entry.source, tuple(lines))
