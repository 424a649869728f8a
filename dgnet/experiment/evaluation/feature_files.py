"""Evaluation of two feature files that any model has made."""

from __future__ import annotations

from pathlib import Path

from dgnet.experiment.evaluation.present import common_facts, retrieval_notes, retrieval_parts
from dgnet.report.report import Report
from dgnet.retrieval.features.files import labels_of_files, read_features
from dgnet.retrieval.labels import SplitLabels
from dgnet.retrieval.measure import SplitFeatures, measure_retrieval
from dgnet.retrieval.protocol import Protocol

FEATURE = "features"


def evaluate_features(query: Path, gallery: Path, protocol: Protocol) -> Report:
    """The report on the features of queries and gallery. Similarity is the inner product; nothing is normalised.

    Raises:
        EvaluationError: a file cannot be used; the message names the file and the field.
    """
    asked, searched = read_features(query), read_features(gallery)
    labels = labels_of_files(asked, searched)
    labels = labels.without_cameras() if protocol.same_camera else labels
    sides = SplitFeatures(asked.features, searched.features)
    found = measure_retrieval({FEATURE: sides}, labels, protocol)
    notes = ["Similarity is the inner product of the features as they stand in the files.", *retrieval_notes(found)]
    doubts = list(found.doubts)
    if not doubts and labels.query_images is None:
        doubts = identity_doubts(sides, labels)
    num_junk = found.figures[found.headline].num_junk
    if num_junk:
        notes.append(f"{num_junk} gallery images of pid -1 are junk and left out.")
    return Report(
        title=f"{query.name} in {gallery.name}",
        facts=[
            ("queries", f"{len(asked.pids)} in {query}"),
            ("gallery", f"{len(searched.pids)} in {gallery}"),
            ("width", f"{asked.features.shape[1]}"),
            *common_facts(),
        ],
        parts=retrieval_parts(found),
        notes=notes,
        doubts=doubts,
    )


def identity_doubts(features: SplitFeatures, labels: SplitLabels) -> list[str]:
    """A warning if the gallery seems to hold the queries' own images, which can only be left out if files have `paths`.

    A query counts where one of its true matches has exactly the same features.
    """
    same = 0
    for query in range(len(features.query)):
        match = labels.gallery_pids == labels.query_pids[query]
        if labels.query_camids is not None and labels.gallery_camids is not None:
            match &= labels.gallery_camids != labels.query_camids[query]
        same += bool((features.gallery[match] == features.query[query]).all(axis=1).any())
    if not same:
        return []
    said = (
        f"{same} of {len(features.query)} queries have a true match of the very same features: if those are the "
        "queries' own images, figures are far too good; write `paths` into both files, and they are left out."
    )
    return [said]
