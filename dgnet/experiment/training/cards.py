"""What the model files of a run say about it: on whom it was trained, and what it began as."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from dgnet.config import FROM_TEACHER
from dgnet.experiment.training.run import Run
from dgnet.models.appearance import Teacher
from dgnet.models.dgnet import DGNet
from dgnet.models.weights.ours import LoadedModel, describe_teacher

BEGUN_AS: Final = "begun as"  # a card's heading
APPEARANCE_BEGUN_AS: Final = "E_a begun as"  # another, where E_a knows people that the rest of the card does not name


def card(run: Run, start: LoadedModel[DGNet] | LoadedModel[Teacher] | None = None) -> dict[str, str]:
    """What every model file of a run says about it; people are given only as hashes of their names.

    Args:
        run: the run.
        start: what `config.start` names, for a network that began as it.
    """
    made, swaps = run.data.synthetic, run.data.true_swaps
    return {
        "trained on": run.data.dataset.trained_on,
        **({BEGUN_AS: begun_as(run.config.start, start.card)} if start else {}),
        **({"synthetic": made.about} if made else {}),
        **({"true swaps": f"{len(swaps.truth)} pairs of training images"} if swaps else {}),
        "preset": run.config.preset,
        "people": run.data.people.marks(),
    }


def model_card(run: Run, start: LoadedModel[DGNet] | None) -> dict[str, str]:
    """The same of a model that is trained jointly, whose E_a may have begun as T (`network.backbone.weights`).

    T's file, in the run's folder, says from whom T has learnt; where that is not this run's training people alone, the
    card says it too.
    """
    said = card(run, start)
    if run.config.network.backbone.weights == FROM_TEACHER:
        _, taught = describe_teacher(run.folder.teacher)
        if BEGUN_AS in taught or taught.get("people") != said["people"]:
            said[APPEARANCE_BEGUN_AS] = begun_as(run.folder.teacher.name, taught)
    return said


def begun_as(name: str, card: Mapping[str, str]) -> str:
    """What a card says of the model that a training began as: its name without its folder, and what its own card says.

    Whoever gets the file learns so from whom else it has learnt, and under which licence.
    """
    said = [f"{Path(name).name}, which was trained on {card.get('trained on', 'data that its file does not name')}"]
    said += [f"{heading}: {card[heading]}" for heading in (BEGUN_AS, APPEARANCE_BEGUN_AS, "licence") if heading in card]
    return "; ".join(said)
