"""Direct transfer: one model on several data sets that it was not trained on, in one table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from dgnet.config import ConfigError, DataConfig, RunConfig, preset
from dgnet.config.data import name_and_root
from dgnet.experiment.data import HeldOut, open_held_out
from dgnet.experiment.evaluation.baselines import also_baselines
from dgnet.experiment.evaluation.features import FeatureModel, held_out_features, held_out_labels
from dgnet.experiment.evaluation.present import common_facts, ranked, retrieval_notes
from dgnet.experiment.evaluation.run import Measures
from dgnet.experiment.own_data import as_trained
from dgnet.report.parts.galleries.ranked import RankedGalleries, RankedQuery
from dgnet.report.parts.galleries.transfer import Transfer
from dgnet.report.published import dataset_title
from dgnet.report.report import Report
from dgnet.retrieval.labels import SplitLabels
from dgnet.retrieval.measure import Retrieval, SplitFeatures, measure_retrieval


@dataclass(frozen=True)
class Tested:
    """One data set, the features and labels of its test images, what was measured on them, and sentences on it."""

    data: HeldOut
    features: dict[str, SplitFeatures]
    labels: SplitLabels
    retrieval: Retrieval
    notes: tuple[str, ...] = ()


def parse_target(word: str) -> tuple[str, str]:
    """`market1501=DIR` as (reader, folder). For a folder without a name, the reader is detected. Raises ConfigError."""
    return name_and_root("--to", word)


def tested_on(
    model: FeatureModel, target: tuple[str, str], measures: Measures, pattern: str, *, detailed: bool
) -> Tested:
    """Compute the features of a data set's queries and gallery, and rank.

    Args:
        target: the data set's reader and folder.
        pattern: for the reader `folder` (`config.DataConfig`).
        detailed: as in `measure_retrieval`.

    Raises:
        ConfigError: everyone is to be a test, and the model was trained on some of them.
        DataError, WeightsError: what `as_trained` and `open_held_out` raise.
    """
    config, protocol = with_data_set(model, *target, pattern), measures.protocol
    settings, trained_on = as_trained(model.run, config.data) if model.run else (config.data, ())
    if trained_on and protocol.queries == "first":
        raise ConfigError(
            f"--query first: takes every identity as a test, and {model.name} was trained on people of {target[1]}; "
            "leave it out, or give other people"
        )
    config = replace(config, data=settings)
    data = open_held_out(config, trained_on=trained_on, same_camera=protocol.same_camera, queries=protocol.queries)
    multi = config.data if protocol.multi_query else None
    features = held_out_features(model.function, data, model.alpha, model.device, multi, name=model.name)
    labels = held_out_labels(data)
    labels = labels.without_cameras() if protocol.same_camera else labels
    beside, said = also_baselines(data, config.data, model.device) if measures.baselines else ({}, [])
    found = measure_retrieval({**features, **beside}, labels, protocol, detailed=detailed)
    return Tested(data, features, labels, found, tuple(said))


def with_data_set(model: FeatureModel, name: str, root: str, pattern: str) -> RunConfig:
    """A configuration with the given data set; nothing else in it is used."""
    data = DataConfig(name, root, model.size, pattern=pattern, cache=model.cache)  # type: ignore[arg-type]  # the reader checks it
    return replace(preset("mannequin"), data=data)


def transfer_report(model: FeatureModel, targets: Sequence[tuple[str, str]], measures: Measures, title: str) -> Report:
    """The report of a model on every target (reader, folder).

    Raises:
        ConfigError: two targets are the same, or would have the same name in the report.
    """
    if len(set(targets)) < len(targets):
        raise ConfigError("--to: a data set is there twice; name each once")
    tested: dict[str, Tested] = {}
    pictures: dict[str, list[RankedQuery]] = {}
    notes, doubts = [], []
    for target in targets:
        found = tested_on(model, target, measures, "", detailed=False)
        key = found.data.dataset.name
        key = f"{key} in {found.data.dataset.root.name}" if key in tested else key
        if key in tested:
            raise ConfigError(f"--to: two data sets would be called {key!r}; rename a folder")
        tested[key] = found
        shown = ranked(found.features, found.labels, found.retrieval, found.data)
        pictures |= {f"{dataset_title(key)}: {heading}": rows for heading, rows in shown.items()}
        said = [*found.data.dataset.notes, *found.notes, *retrieval_notes(found.retrieval)]
        notes += [f"{dataset_title(key)}: {note}" for note in said]
        doubts += [f"{dataset_title(key)}: {doubt}" for doubt in found.retrieval.doubts]
    curves = {key: one.retrieval.cmc_curves[one.retrieval.headline] for key, one in tested.items()}
    figures = {key: one.retrieval.figures for key, one in tested.items()}
    return Report(
        title=f"{title} on {len(tested)} data set{'s' if len(tested) > 1 else ''}",
        facts=[
            ("trained on", dataset_title(model.trained_on) or "unknown"),
            ("tested on", ", ".join(dataset_title(key) for key in tested)),
            *common_facts(),
        ],
        parts=[Transfer(figures, model.trained_on, curves, measures.protocol), RankedGalleries(pictures)],
        notes=notes,
        doubts=doubts,
    )
