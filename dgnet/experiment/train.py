"""`dgnet train`: the teacher, joint training, evaluation and the report, in one go."""

from __future__ import annotations

from pathlib import Path

from dgnet.config import RunConfig
from dgnet.data.store.memory import keep_freed_memory
from dgnet.experiment.data import open_data
from dgnet.experiment.evaluation.run import evaluate_run
from dgnet.experiment.run_folder import RunFolder
from dgnet.experiment.training.cards import model_card
from dgnet.experiment.training.checks import check_backbones, check_drawing, check_teacher_file, check_true_swaps
from dgnet.experiment.training.obtain_teacher import obtain_teacher
from dgnet.experiment.training.run import Run
from dgnet.experiment.training.start import find_start
from dgnet.experiment.training.start_teacher import find_teacher_start
from dgnet.experiment.training.train_model import train_model
from dgnet.files.outputs import check_outside
from dgnet.models.device import pick_device
from dgnet.models.weights.ours import save_model
from dgnet.training.execution.choice import check_execution
from dgnet.training.joining import joined


def train(config: RunConfig, out: Path, *, resume: bool = False) -> Path | None:
    """Run an experiment from its start, or from where it stopped, to its report.

    Under torchrun all processes train together; only the first writes files and measures.

    Args:
        config: the settings of the experiment.
        out: the run's folder; see `RunFolder` for what is written there.
        resume: continue the run in `out`, if there is one.

    Returns:
        The path of the report; None in every process but the first.

    Raises:
        DgnetError: something is wrong. Whatever can be checked before the first step is checked before it.
    """
    keep_freed_memory()
    folder = RunFolder(out)
    with joined() as world:
        # First the checks that need no data, then those that need it, and only then the training, which takes hours.
        device = world.own(pick_device(config.device))
        for settings in config.data.each():
            if settings.name == "folder":  # other readers know which of the files below are theirs
                check_outside(out, "--out", settings.root, "data.root")
        check_execution(config, device, world.size)
        if world.leads:
            folder.check(resume or world.restarted)
        check_backbones(config)
        check_drawing(config)
        check_teacher_file(config, folder)
        start = find_start(config) if config.joint else None
        taught = start if config.joint else find_teacher_start(config)
        with world.one_first():
            data = open_data(config)
        check_true_swaps(data.dataset)
        if world.leads:
            folder.prepare(config, data.people)
        world.wait()

        run = Run(config, data, folder, device, world)
        teacher = obtain_teacher(run, taught)
        training = config.joint and not folder.model.exists()
        world.wait()  # until all processes have looked for the model, because the first will write it
        if training:
            model = train_model(run, teacher, start)
            if world.leads:
                save_model(folder.model, model, config, card=model_card(run, start))
    return evaluate_run(config, data, out, out, device).page if world.leads else None
