"""The folder of a run, which alone knows what its files are called."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from dgnet.config import ConfigError, RunConfig, from_saved, to_dict
from dgnet.data.people import People, require_same_people
from dgnet.files.outputs import check_output_folder
from dgnet.files.whole_file import remove_leftovers, write_text_whole
from dgnet.models.weights.ours import load_model


@dataclass(frozen=True)
class RunFolder:
    """Where the files of a run lie: what it is, how it goes, what it has learnt, and what was measured of it.

    A folder of imported files has `model` and perhaps `teacher` alone; one that an evaluation writes to, `results`,
    `tables` and `page` alone.
    """

    path: Path

    def __str__(self) -> str:
        return str(self.path)

    @property
    def config(self) -> Path:
        """Its settings."""
        return self.path / "config.yaml"

    @property
    def people(self) -> Path:
        """Whom its labels stand for, and the digests of their images."""
        return self.path / "people.json"

    @property
    def log(self) -> Path:
        """What its trainings said, one JSON object per line."""
        return self.path / "log.jsonl"

    @property
    def teacher_checkpoints(self) -> Path:
        """A folder: states of the teacher's training."""
        return self.path / "teacher"

    @property
    def checkpoints(self) -> Path:
        """A folder: states of joint training."""
        return self.path / "checkpoints"

    @property
    def samples(self) -> Path:
        """A folder of sample sheets, each named by the steps taken."""
        return self.path / "samples"

    def sample(self, step: int) -> Path:
        """The sample sheet drawn after so many steps."""
        return self.samples / f"{step:07d}.jpg"

    @property
    def teacher(self) -> Path:
        """The teacher T."""
        return self.path / "teacher.safetensors"

    @property
    def model(self) -> Path:
        """The model that joint training ended with: where it lies, the run is finished."""
        return self.path / "model.safetensors"

    @property
    def best(self) -> Path:
        """The best of the models that were measured on the way."""
        return self.path / "best.safetensors"

    @property
    def results(self) -> Path:
        """Every figure of the report."""
        return self.path / "results.json"

    @property
    def tables(self) -> Path:
        """A folder: the report's tables as CSV and LaTeX."""
        return self.path / "tables"

    @property
    def page(self) -> Path:
        """The report."""
        return self.path / "report.html"

    @property
    def transfer(self) -> RunFolder:
        """Where direct transfer is written, beside the run's own figures."""
        return RunFolder(self.path / "transfer")

    def check(self, resume: bool) -> None:
        """Raise if a run cannot be put here; nothing is made or changed yet.

        Raises:
            OutputError: the path is a file, or the folder cannot be made or written to.
            ConfigError: a run lies there already and `resume` was not asked for; or no run, but files that one would
                take for its own, or overwrite.
        """
        check_output_folder(self.path, "--out")
        if self.config.exists():
            if not resume:
                raise ConfigError(
                    f"{self}: a run lies here already; continue it with --resume, or choose another --out"
                )
            return
        trained = (self.log, self.teacher_checkpoints, self.checkpoints, self.samples, self.teacher, self.model)
        measured = (self.best, self.results, self.tables, self.page)
        there = [path.name for path in (*trained, *measured) if path.exists()]
        if there:
            raise ConfigError(
                f"{self}: not a run (it has no {self.config.name}), but files called as a run's are here already: "
                f"{', '.join(there)}. Nothing is overwritten: choose another --out, or move them away"
            )

    def prepare(self, config: RunConfig, people: People) -> None:
        """Make the folder and say in it what the run is; what a killed run left half written goes.

        Raises:
            DataError: the run that lies here learnt other people, or other images of them.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        remove_leftovers(self.path)
        begun = self.config.exists()
        if begun and self.people.exists():
            require_same_people(self.people.read_text(encoding="utf-8"), people, self.people)
        else:
            write_text_whole(self.people, people.to_json() + "\n")
        if not begun:  # last: where a run's settings are, its people are
            write_text_whole(self.config, yaml.safe_dump(to_dict(config), sort_keys=False))

    def load_config(self) -> RunConfig:
        """The settings of the run; those that its model was made under, where the folder is one of imported files.

        Raises:
            ConfigError: the folder holds no run, or the file no settings.
        """
        if not self.config.is_file():
            if self.model.is_file():
                return load_model(self.model).config
            raise ConfigError(f"{self}: no {self.config.name} here; give the folder of a run that `dgnet train` made")
        try:
            return from_saved(yaml.safe_load(self.config.read_text(encoding="utf-8")))
        except (yaml.YAMLError, UnicodeDecodeError, ConfigError) as error:
            raise ConfigError(f"{self.config}: not a configuration: {error}") from error
