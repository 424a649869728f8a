"""`dgnet swap` and `dgnet import official`: commands that use or convert a trained model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from dgnet.cli.parser import add_device, parser_of


def swap(arguments: Sequence[str]) -> None:
    """`dgnet swap RUN IMAGES...`."""
    parser = parser_of(
        "swap",
        "Draw every image's clothes (rows) on every image's body, pose and background (columns).",
    )
    parser.add_argument("RUN", type=str, help="a run's folder, a model's file, or `bundled`")
    parser.add_argument(
        "IMAGES", type=Path, nargs="*", help="pictures of people, or folders of them (default: bundled ones)"
    )
    parser.add_argument("--onto", type=Path, nargs="+", help="who wears the clothes, if not the same people")
    parser.add_argument("--out", type=Path, help="the picture, .png or .jpg (default: swaps.png, or swaps-2.png, ...)")
    parser.add_argument("--each", type=Path, help="write every swap as a file of its own too, into this folder")
    parser.add_argument(
        "--paste", action="store_true", help="keep the columns' own images where no clothes are, instead of drawing all"
    )
    parser.add_argument("--zoom", type=int, default=2, help="enlarge the picture so many times")
    add_device(parser)
    found = parser.parse_args(list(arguments))

    from dgnet.experiment.swap import swap as run

    out = run(found.RUN, found.IMAGES, found.onto, found.out, found.each, found.zoom, found.device, found.paste)
    print(f"Picture: {out.resolve()}")


def import_official(arguments: Sequence[str]) -> None:
    """`dgnet import official GEN ID [DIS] [TEACHER]`."""
    parser = parser_of(
        "import official",
        "Convert the authors' released checkpoints into dgnet's files. No code in them is run.",
    )
    parser.add_argument("GEN", type=Path, help="gen_XXXXXXXX.pt: structure encoder and decoder")
    parser.add_argument("ID", type=Path, help="id_XXXXXXXX.pt: appearance encoder and heads")
    parser.add_argument("DIS", type=Path, nargs="?", help="dis_XXXXXXXX.pt: discriminator")
    parser.add_argument("TEACHER", type=Path, nargs="?", help="net_last.pth: teacher")
    parser.add_argument("--out", type=Path, default=Path("runs/official"), help="folder of the new files")
    parser.add_argument("--teacher_stride", type=Literal[1, 2], default=2, help="of the teacher's last stage")
    found = parser.parse_args(list(arguments))

    from dgnet.models.weights.official import import_official as run

    print(run(found.GEN, found.ID, found.DIS, found.TEACHER, out=found.out, teacher_stride=found.teacher_stride))
