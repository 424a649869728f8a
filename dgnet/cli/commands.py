"""Every command: its words, the function that runs it (imported only when it is called), and what it does."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Command:
    """`place` is the dotted name of the function below `dgnet.cli`; `does` is one line for people."""

    place: str
    does: str


COMMANDS: dict[tuple[str, ...], Command] = {
    ("train",): Command("train.train", "teacher, joint training, evaluation and report, in one go"),
    ("evaluate",): Command(
        "evaluate.evaluate", "measure a run again, or on other data; or an ONNX file, or features of any model"
    ),
    ("compare",): Command("evaluate.compare", "several runs on one page; seeds averaged"),
    ("adapt",): Command("adapt.adapt", "learn your own cameras from images without labels"),
    ("whiten",): Command("whiten.whiten", "better features from some labelled people, without training"),
    ("swap",): Command("generate.swap", "everyone in everyone's clothes, as one picture"),
    ("search",): Command("search.search", "find people in a gallery"),
    ("serve",): Command("serve.serve", "a page and an API over a gallery: search, add, swap, from a browser"),
    ("gallery", "create"): Command("gallery.create", "make a gallery, of images given now or later"),
    ("gallery", "add"): Command("gallery.add", "add images of people"),
    ("gallery", "remove"): Command("gallery.remove", "remove entries, and their bytes"),
    ("gallery", "info"): Command("gallery_upkeep.info", "what a gallery holds, and which model made it"),
    ("gallery", "verify"): Command("gallery_upkeep.verify", "read a gallery through and name its faults"),
    ("gallery", "rebuild"): Command("gallery_upkeep.rebuild", "the same entries with another model's features"),
    ("gallery", "centre"): Command("gallery_upkeep.centre", "the same entries without what a camera's pictures share"),
    ("gallery", "export"): Command(
        "gallery_upkeep.export", "features and all that is known of the entries, as Parquet or .npz"
    ),
    ("gallery", "index"): Command("gallery_upkeep.index", "an approximate index beside a large gallery's file (faiss)"),
    ("gallery", "calibrate"): Command("who.calibrate", "how sure is a similarity? Thresholds and probabilities"),
    ("gallery", "mark"): Command("who.mark", "say of entries whether they show the person of another"),
    ("gallery", "link"): Command("who.link", "who is who: one person, one number"),
    ("generate", "grid"): Command("generate.grid", "everyone in everyone's clothes, for a paper"),
    ("generate", "rainbow"): Command("generate.rainbow", "one person in many clothes, or one person's clothes on many"),
    ("generate", "appearance"): Command(
        "generate.appearance", "from one person's clothes to the next one's, on one body"
    ),
    ("generate", "structure"): Command("generate.structure", "from one body to the next one's, in the same clothes"),
    ("generate", "film"): Command("generate.film", "the same as a film"),
    ("generate", "cases"): Command("generate.cases", "swaps that succeed and swaps that fail, picked by measure"),
    ("generate", "models"): Command("generate.models", "the same swaps by several models side by side"),
    ("generate", "dataset"): Command("synthesis.dataset", "a whole data set of people who do not exist"),
    ("generate", "report"): Command("synthesis.report", "how good such a data set is"),
    ("data", "verify"): Command("data.data_verify", "what data set is this, and is it whole?"),
    ("data", "prepare"): Command(
        "data.data_prepare", "decode and resize every image once, into the store that training reads"
    ),
    ("data", "mannequin"): Command("data.data_mannequin", "render a synthetic data set of any size"),
    ("import", "official"): Command("models.import_official", "convert the authors' released checkpoints"),
    ("export", "onnx"): Command("export.export_onnx", "the re-id features for other programs"),
    ("export", "tracker"): Command("export.export_tracker", "one ONNX file as trackers want it"),
    ("bench", "step"): Command("bench.bench_step", "how fast this machine trains"),
    ("bench", "data"): Command("bench.bench_data", "how fast it makes batches"),
    ("bench", "evaluate"): Command("bench.bench_evaluate", "how fast it ranks a gallery"),
}


def group_help(group: str) -> str:
    """One line for each command whose first word is `group`; empty where there is none."""
    rows = [(words, command.does) for words, command in COMMANDS.items() if words[0] == group and len(words) > 1]
    lines = "\n".join(f"  dgnet {' '.join(words):<22} {does}" for words, does in rows)
    return f"{lines}\n\n`dgnet {group} COMMAND --help` says more." if rows else ""
