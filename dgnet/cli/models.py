"""`dgnet import official`: models from other programs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from dgnet.cli.parser import parser_of


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
