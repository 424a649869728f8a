"""`dgnet export onnx` and `dgnet export tracker`: models for other programs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dgnet.cli.parser import HelpFormatter, parser_of

TRACKER_HELP = """\
Write a model as ONE ONNX file for trackers: a batch of images in, `features` out (N x F, length 1), nothing to
normalise afterwards. Needs pip install "dgnet[export]".

  dgnet export tracker RUN                      ImageNet-normalised RGB, any batch size
  dgnet export tracker RUN --input unit --batch 1
                                                RGB/255 and one fixed shape, as programs want that only divide by 255
  dgnet export tracker RUN --input u8           the uint8 image itself: nothing to do but resize
  dgnet export tracker RUN --precision int8 --calibrate crops/
                                                convolutions in 8 bits; refused where it costs too much

Before a file is written, onnxruntime must compute from it what torch computes. For evaluation and for programs that
want both heads' features apart, there is `dgnet export onnx`. See docs/trackers.md."""


def export_onnx(arguments: Sequence[str]) -> None:
    """`dgnet export onnx RUN`."""
    parser = parser_of(
        "export onnx",
        "Write a run's re-id features as an ONNX file: normalised images N x 3 x H x W in, `prim` and"
        ' `fine` out (`baseline` of a run without a generator). Needs `pip install "dgnet[export]"`.'
        " For one output of length 1, as trackers want it, there is `dgnet export tracker`.",
    )
    parser.add_argument("RUN", type=str, help="a run's folder, a model's file, or `bundled`")
    parser.add_argument("--out", type=Path, help="the file (default: model.onnx, or model-2.onnx, ...)")
    found = parser.parse_args(list(arguments))

    from dgnet.experiment.export import export

    print(f"ONNX: {export(found.RUN, found.out).resolve()}")


def export_tracker(arguments: Sequence[str]) -> None:
    """`dgnet export tracker RUN`."""
    parser = parser_of("export tracker", TRACKER_HELP, formatter_class=HelpFormatter)
    parser.add_argument("RUN", type=str, help="a run's folder, a model's file, or `bundled`")
    parser.add_argument("--out", type=Path, help="the file (default: tracker.onnx, or tracker-2.onnx, ...)")
    parser.add_argument(
        "--input",
        choices=("imagenet", "unit", "u8", "bgr-imagenet", "bgr-unit", "bgr-u8"),
        default="imagenet",
        help="what the file takes for pixels: normalised by ImageNet's mean and deviation, 0 to 1, or uint8;"
        " in RGB, or BGR as OpenCV has it",
    )
    parser.add_argument("--batch", type=int, default=0, help="the one batch size that it takes; 0: any")
    parser.add_argument(
        "--part", type=str, default="", help="both, prim, fine or baseline (default: the first there is)"
    )
    parser.add_argument(
        "--precision",
        choices=("fp32", "half", "bf16", "int8"),
        default="fp32",
        help="half, bf16: weights in 16 bits, half the file, as fast; int8: convolutions in 8 bits",
    )
    parser.add_argument(
        "--calibrate", type=Path, nargs="+", default=[], help="for int8: images or folders that ranges are taken from"
    )
    parser.add_argument(
        "--data",
        type=str,
        default="",
        help="NAME=DIR: labelled images to measure the loss on (default: bundled people)",
    )
    parser.add_argument(
        "--least_cosine", type=float, help="mean cosine to fp32 (default: half .9999, bf16 .999, int8 .98)"
    )
    parser.add_argument("--most_lost", type=float, default=0.01, help="mAP that may be lost")
    found = parser.parse_args(list(arguments))

    from dgnet.experiment.export_tracker import Reduction
    from dgnet.experiment.export_tracker import export_tracker as run
    from dgnet.export.tracker import TrackerForm

    form = TrackerForm(found.input, found.batch, found.part)
    reduction = Reduction(found.precision, found.calibrate, found.data, found.least_cosine, found.most_lost)
    exported = run(found.RUN, found.out, form, reduction)
    if exported.loss:
        print(exported.loss)
    print(f"ONNX: {exported.path.resolve()}")
