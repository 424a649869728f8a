"""The folder of a run. Only this module knows the names of the files in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from dgnet.config import ConfigError, RunConfig, from_saved, to_dict
from dgnet.data.people import People, require_same_people
from dgnet.files.outputs import check_output_folder
from dgnet.files.whole_file import remove_leftovers, write_text_whole
from dgnet.models.weights.ours import load_model
from dgnet.training.checkpoint import compare_configs

ADAPT: Final = "adapt"  # the preset of runs that `dgnet adapt` makes


@dataclass(frozen=True)
class RunFolder:
    """The paths of a run's files: its settings, its log, its checkpoints and models, and what was measured.

    A folder of imported files has only `model`, and perhaps `teacher`. A folder to which an evaluation writes has only
    `results`, `tables` and `page`.
    """

    path: Path

    def __str__(self) -> str:
        return str(self.path)

    @property
    def config(self) -> Path:
        """The settings of the run."""
        return self.path / "config.yaml"

    @property
    def people(self) -> Path:
        """The people that the training labels stand for, and the digests of their images."""
        return self.path / "people.json"

    @property
    def log(self) -> Path:
        """The log of the teacher's and of joint training, one JSON object per line."""
        return self.path / "log.jsonl"

    @property
    def teacher_checkpoints(self) -> Path:
        """The folder of checkpoints of the teacher's training."""
        return self.path / "teacher"

    @property
    def checkpoints(self) -> Path:
        """The folder of checkpoints of joint training."""
        return self.path / "checkpoints"

    @property
    def samples(self) -> Path:
        """The folder of sample sheets: pictures of swaps, drawn during joint training."""
        return self.path / "samples"

    def sample(self, step: int) -> Path:
        """The sample sheet that was drawn after `step` steps."""
        return self.samples / f"{step:07d}.jpg"

    @property
    def teacher(self) -> Path:
        """The teacher T."""
        return self.path / "teacher.safetensors"

    @property
    def model(self) -> Path:
        """The model at the end of joint training; where it exists, training is finished."""
        return self.path / "model.safetensors"

    @property
    def best(self) -> Path:
        """The best of the models that were measured during joint training."""
        return self.path / "best.safetensors"

    @property
    def adaptation(self) -> Path:
        """The page about adaptation to images without labels."""
        return self.path / "adaptation.html"

    @property
    def adaptation_results(self) -> Path:
        """The figures on that page."""
        return self.path / "adaptation.json"

    @property
    def results(self) -> Path:
        """All figures of the report."""
        return self.path / "results.json"

    @property
    def tables(self) -> Path:
        """The folder of the report's tables as CSV and LaTeX."""
        return self.path / "tables"

    @property
    def page(self) -> Path:
        """The report."""
        return self.path / "report.html"

    def check(self, resume: bool) -> None:
        """Raise if a run cannot be started, or resumed, in this folder. Nothing is created or changed.

        Raises:
            OutputError: the path is a file, or the folder cannot be created or written to.
            ConfigError: the folder holds a run, and `resume` is off; or it holds no run, but files with the names that
                a run's files have.
        """
        check_output_folder(self.path, "--out")
        if self.config.exists():
            if not resume:
                raise ConfigError(
                    f"{self}: a run lies here already; continue it with --resume, or choose another --out"
                )
            return
        trained = (self.log, self.teacher_checkpoints, self.checkpoints, self.samples, self.teacher, self.model)
        adapted = (self.adaptation, self.adaptation_results)
        measured = (self.best, self.results, self.tables, self.page, *adapted)
        there = [path.name for path in (*trained, *measured) if path.exists()]
        if there:
            raise ConfigError(
                f"{self}: not a run (it has no {self.config.name}), but files called as a run's are here already: "
                f"{', '.join(there)}. Nothing is overwritten: choose another --out, or move them away"
            )

    def prepare(self, config: RunConfig, people: People) -> None:
        """Create the folder, and write the settings and the people; incomplete files of a killed run are removed.

        Raises:
            CheckpointError: the folder's run has other settings.
            ConfigError: it is of another command, an adaptation of another model, or its settings cannot be read.
            DataError: it was trained on other people, or on other images of them.
        """
        begun = self.config.exists()
        if begun:
            saved = self.load_config()
            if (saved.preset == ADAPT) != (config.preset == ADAPT):
                made = "adapt" if saved.preset == ADAPT else "train"
                raise ConfigError(f"{self}: a run of `dgnet {made}` lies here; choose another --out")
            if saved.preset == ADAPT:
                _require_same_start(self, saved.start, config.start)
            compare_configs(self.config, saved, config)
        self.path.mkdir(parents=True, exist_ok=True)
        remove_leftovers(self.path)
        if begun and self.people.exists():
            require_same_people(self.people.read_text(encoding="utf-8"), people, self.people)
        else:
            write_text_whole(self.people, people.to_json() + "\n")
        if not begun:  # written last, so that a folder with settings has `people` too
            write_text_whole(self.config, yaml.safe_dump(to_dict(config), sort_keys=False))

    def forget(self) -> None:
        """Remove what `prepare` and the log wrote of a run that was refused before its first step."""
        for path in (self.people, self.log, self.config):
            path.unlink(missing_ok=True)
        if self.path.is_dir() and not any(self.path.iterdir()):
            self.path.rmdir()

    def load_config(self) -> RunConfig:
        """The settings of the run; in a folder of imported files, the settings in the model's file.

        Raises:
            ConfigError: the folder holds no run, or its file holds no valid settings.
        """
        if not self.config.is_file():
            if self.model.is_file():
                return load_model(self.model).config
            raise ConfigError(f"{self}: no {self.config.name} here; give the folder of a run that `dgnet train` made")
        try:
            return from_saved(yaml.safe_load(self.config.read_text(encoding="utf-8")))
        except (yaml.YAMLError, UnicodeDecodeError, ConfigError) as error:
            raise ConfigError(f"{self.config}: not a configuration: {error}") from error


def _require_same_start(folder: RunFolder, then: str, now: str) -> None:
    """Raise ConfigError if an adaptation was begun from another model than it is to go on from."""
    if now != then and Path(now).expanduser().absolute() != Path(then).expanduser().absolute():
        raise ConfigError(
            f"{folder}: was begun from {then!r}, found {now!r}; give {then!r} again, or choose another --out"
        )
