"""`dgnet generate dataset` and `report`: whole data sets of generated people, and how good they are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from dgnet.cli.parser import HelpFormatter, add_device, count, parser_of, seed

DATASET_HELP = """\
Draw a whole data set of people who do not exist: each image has the clothes of one person of --data on the body, pose
and background of another. Every file says what it was made from, and so does manifest.parquet.

  dgnet generate dataset bundled --count 1000 --out new_people
  dgnet generate dataset RUN --data market1501=DIR --count 128307 --pairs cross_camera --out new_people
  torchrun --nproc-per-node 4 -m -- dgnet generate dataset RUN --data market1501=DIR --count 128307 --out new_people
  dgnet generate dataset RUN --data market1501=DIR --count 128307 --ray auto --out new_people   (a Ray cluster)
  dgnet data verify new_people

Stopped, killed or out of disk space, the same command goes on where it was. The same command gives the same files,
whatever the number of workers. Nothing is overwritten: DIR appears when it is complete.

Which pairs (--pairs), always of two people:
  random        all pairs are equally likely
  cross_camera  of two cameras
  hardest       the clothes come from one of the 20 images most like the one who wears them, by re-id features
  balanced      every person gives clothes, and wears them, equally often

Who an image shows (--identity):
  appearance    the person whose clothes are worn
  structure     the person who wears them; clothes_id names the clothes
  both          the first, with a soft label that is shared by both (--share is the part of who gives the clothes)

What is dropped: near-duplicates (--near), and, where asked for, images that a re-id network does not take for that
person (--keep_rank) or that the discriminator finds unreal (--min_realism)."""


def dataset(arguments: Sequence[str]) -> None:
    """`dgnet generate dataset RUN`."""
    parser = parser_of("generate dataset", DATASET_HELP, formatter_class=HelpFormatter)
    parser.add_argument("RUN", type=str, help="a run's folder, a model's file, or `bundled`")
    parser.add_argument("--data", type=str, default="", metavar="NAME=DIR", help="the sources (default: bundled)")
    parser.add_argument("--split", type=Literal["train", "query", "gallery"], default="train", help="of the sources")
    parser.add_argument("--count", type=count, required=True, help="images to make")
    parser.add_argument("--out", type=str, required=True, metavar="DIR", help="a new or empty folder, or a URL (s3://)")
    parser.add_argument(
        "--pairs", type=Literal["random", "cross_camera", "hardest", "balanced"], default="random", help="see above"
    )
    parser.add_argument(
        "--identity", type=Literal["appearance", "structure", "both"], default="appearance", help="see above"
    )
    parser.add_argument("--share", type=float, default=0.5, help="part of who gives the clothes (--identity both)")
    parser.add_argument(
        "--keep_rank", type=int, default=0, help="keep images whose person is among so many most like it; 0 keeps all"
    )
    parser.add_argument("--min_realism", type=float, help="keep images with this score of D at least; 1 is real")
    parser.add_argument(
        "--near", type=float, default=2.0, help="least difference from others, in grey levels of 255; 0 keeps all"
    )
    parser.add_argument(
        "--format",
        type=Literal["market1501", "imagefolder", "webdataset"],
        default="market1501",
        help="a tree that every command here reads, the Hugging Face hub's folder of images, or tars",
    )
    parser.add_argument("--licence", type=str, default="", help="of the sources, for the manifest")
    parser.add_argument("--judge", type=str, help="whose re-id features are used (default: RUN's teacher, else RUN)")
    parser.add_argument("--discriminator", type=str, help="a run or file with D (default: RUN's newest checkpoint)")
    parser.add_argument("--quality", type=int, default=95, help="of the JPEG files, 1 to 100")
    parser.add_argument("--seed", type=seed, default=0, help="other seeds give other pairs")
    parser.add_argument(
        "--workers", type=int, default=0, help="processes (default: the CPU's cores; one per GPU; the whole cluster)"
    )
    parser.add_argument("--ray", type=str, default="", metavar="CLUSTER", help="on a cluster: auto, local or HOST:PORT")
    add_device(parser)
    found = parser.parse_args(list(arguments))
    parser.refuse_unused("share", found.share != 0.5, "--identity both", found.identity == "both")
    ranked = found.keep_rank or found.pairs == "hardest"
    parser.refuse_unused("judge", found.judge, "--keep_rank or --pairs hardest", ranked)
    parser.refuse_unused("discriminator", found.discriminator, "--min_realism", found.min_realism is not None)

    from dgnet.experiment.synthesise import synthesise
    from dgnet.generation.synthesis.recipe import Recipe

    names = ("count", "pairs", "identity", "share", "keep_rank", "min_realism", "near", "seed", "quality")
    out = synthesise(
        found.RUN,
        found.data,
        found.out,
        Recipe(**{name: found[name] for name in names}),
        split=found.split,
        layout=found.format,
        licence=found.licence,
        judge=found.judge,
        discriminator=found.discriminator,
        workers=found.workers,
        cluster=found.ray,
        device=found.device,
    )
    if out:
        print(f"Data set: {out}")


def report(arguments: Sequence[str]) -> None:
    """`dgnet generate report RUN DIR`."""
    parser = parser_of(
        "generate report",
        """Measure a data set that `dgnet generate dataset` made beside the images it was drawn from: whether a re-id
network finds in it the people who gave the clothes, whether bodies and places are kept, how diverse it is, how like
its sources as a set (FID and KID with --inception; without, the same distances by MobileNetV2's features, where
dgnet[imagenet] is installed), how many images repeat a source, and the ten best and ten worst of them.

  dgnet generate report bundled new_people
  dgnet generate report RUN new_people --data market1501=DIR --inception download --judge runs/baseline""",
        formatter_class=HelpFormatter,
    )
    parser.add_argument("RUN", type=str, help="the model: a run's folder, a model's file, or `bundled`")
    parser.add_argument("DIR", type=Path, help="the data set that was made")
    parser.add_argument("--data", type=str, default="", metavar="NAME=DIR", help="what it was drawn from")
    parser.add_argument("--split", type=Literal["train", "query", "gallery"], default="train", help="of that data set")
    parser.add_argument("--judge", type=str, help="whose re-id features are used (default: RUN's teacher, else RUN)")
    parser.add_argument(
        "--inception", type=Path, metavar="WEIGHTS|download", help="FID and KID too; as in `dgnet evaluate`"
    )
    parser.add_argument("--lpips", action="store_true", help="diversity by LPIPS too")
    parser.add_argument("--images", type=count, default=2000, help="measure a random sample of at most so many")
    parser.add_argument("--seed", type=seed, default=0, help="which sample")
    parser.add_argument("--out", type=Path, help="the report's folder (default: DIR-report)")
    add_device(parser)
    found = parser.parse_args(list(arguments))

    from dgnet.experiment.synthesis_report import report_on

    published = report_on(
        found.RUN,
        found.DIR,
        found.data,
        split=found.split,
        judge=found.judge,
        inception=found.inception,
        lpips=found.lpips,
        num_images=found.images,
        seed=found.seed,
        out=found.out,
        device=found.device,
    )
    print(f"{published.text}Report: {published.page.resolve()}")
