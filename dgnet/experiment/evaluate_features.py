"""Two feature files that any model made: dgnet as an evaluator alone."""

from __future__ import annotations

from pathlib import Path

from dgnet.experiment.present import common_facts, retrieval_notes
from dgnet.report.report import Report
from dgnet.retrieval.feature_files import read_features
from dgnet.retrieval.protocol import Protocol, SplitFeatures, SplitLabels, measure_retrieval

ROW = "features"


def evaluate_features(query: Path, gallery: Path, protocol: Protocol) -> Report:
    """Similarity is the inner product of the features as they stand: no file is normalised.

    Raises:
        EvaluationError: naming the file and the field that does not fit.
    """
    asked, searched = read_features(query), read_features(gallery)
    labels = SplitLabels(asked.pids, searched.pids, asked.camids, searched.camids)
    retrieval = measure_retrieval({ROW: SplitFeatures(asked.features, searched.features)}, labels, protocol)
    result = retrieval.figures[ROW]
    notes = ["Similarity is the inner product of the features as they stand in the files."]
    notes += retrieval_notes(retrieval.figures)
    if result.num_junk:
        notes.append(f"{result.num_junk} gallery images of pid -1 are junk and left out.")
    return Report(
        title=f"{query.name} in {gallery.name}",
        facts=[
            ("queries", f"{len(asked.pids)} in {query}"),
            ("gallery", f"{len(searched.pids)} in {gallery}"),
            ("width", f"{asked.features.shape[1]}"),
            *common_facts(),
        ],
        retrieval=retrieval.figures,
        cmc_curves=retrieval.cmc_curves,
        verification=retrieval.verification,
        cameras=retrieval.cameras,
        notes=notes,
    )
