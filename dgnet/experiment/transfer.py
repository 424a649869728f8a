"""Direct transfer: one model on several data sets it was never trained on, one table with a row for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from dgnet.config import ConfigError, DataConfig, RunConfig, preset
from dgnet.config.data import name_and_root
from dgnet.experiment.data import HeldOut, open_held_out
from dgnet.experiment.measure import Describe, describe_held_out
from dgnet.experiment.present import common_facts, retrieval_notes
from dgnet.experiment.ranked import ranked_rows
from dgnet.report.pictures import RankedQuery
from dgnet.report.published import dataset_title
from dgnet.report.report import Report
from dgnet.retrieval.protocol import Protocol, Retrieval, SplitFeatures, labels_of, measure_retrieval


@dataclass(frozen=True)
class Described:
    """A model as evaluation sees it.

    Args:
        describe: features by row of the tables, of normalised images N x 3 x H x W.
        alpha: weight of f_fine's similarity beside f_prim's, where it has both.
        size: (height, width) that it takes.
        trained_on: name of the data set; empty where it is unknown.
        device: where it runs.
        cache: where crops are kept; empty is the usual place.
    """

    describe: Describe
    alpha: float
    size: tuple[int, int]
    trained_on: str
    device: torch.device
    cache: str = ""


@dataclass(frozen=True)
class Tested:
    """One data set, the features of its images, and what was counted of them."""

    data: HeldOut
    rows: dict[str, SplitFeatures]
    retrieval: Retrieval


def parse_target(word: str) -> tuple[str, str]:
    """`market1501=DIR` as (reader, folder); a folder alone is looked at to find out. Raises ConfigError."""
    return name_and_root("--to", word)


def tested_on(described: Described, name: str, root: str, protocol: Protocol, *, detailed: bool) -> Tested:
    """Describe the queries and the gallery of a data set, and rank."""
    config = with_data_set(described, name, root)
    data = open_held_out(config)
    multi = config.data if protocol.multi_query else None
    rows = describe_held_out(described.describe, data, described.alpha, described.device, multi)
    return Tested(data, rows, measure_retrieval(rows, labels_of(data.dataset), protocol, detailed=detailed))


def with_data_set(described: Described, name: str, root: str) -> RunConfig:
    """A configuration whose data are the given; nothing else in it is used."""
    data = DataConfig(name, root, described.size, cache=described.cache)  # type: ignore[arg-type]  # the reader checks it
    return replace(preset("mannequin"), data=data)


def transfer_report(described: Described, targets: Sequence[tuple[str, str]], protocol: Protocol, title: str) -> Report:
    """Test on every target (reader, folder) in turn.

    Raises:
        ConfigError: two targets are the same, or cannot be told apart by name.
    """
    if len(set(targets)) < len(targets):
        raise ConfigError("--to: a data set is there twice; name each once")
    tested: dict[str, Tested] = {}
    ranked: dict[str, list[RankedQuery]] = {}
    notes: list[str] = []
    for name, root in targets:
        found = tested_on(described, name, root, protocol, detailed=False)
        key = found.data.dataset.name
        key = f"{key} in {found.data.dataset.root.name}" if key in tested else key
        if key in tested:
            raise ConfigError(f"--to: two data sets would be called {key!r}; rename a folder")
        tested[key] = found
        headline = found.retrieval.headline
        shown = ranked_rows(found.rows[headline], found.retrieval.ranks[headline], found.data)
        ranked |= {f"{dataset_title(key)}: {heading}": rows for heading, rows in shown.items()}
        said = [*found.data.dataset.notes, *retrieval_notes(found.retrieval.figures)]
        notes += [f"{dataset_title(key)}: {note}" for note in said]
    return Report(
        title=f"{title} on {len(tested)} data set{'s' if len(tested) > 1 else ''}",
        facts=[
            ("trained on", dataset_title(described.trained_on) or "unknown"),
            ("tested on", ", ".join(dataset_title(key) for key in tested)),
            *common_facts(),
        ],
        transfer={key: one.retrieval.figures for key, one in tested.items()},
        trained_on=described.trained_on,
        cmc_curves={
            dataset_title(key): one.retrieval.cmc_curves[one.retrieval.headline] for key, one in tested.items()
        },
        ranked=ranked,
        notes=notes,
    )
