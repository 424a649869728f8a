"""A running `dgnet serve` with a gallery of bundled people, who are rendered, to take pictures of."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from dgnet.experiment.galleries.gallery import Gallery
from dgnet.gallery.crops import Item
from dgnet.mannequin.bundled import bundled_root

GALLERY = "hotel.db"  # the page shows this name
CAMERAS = ("door", "garden", "street", "hall", "patio", "shop")  # what the bundled cameras 1 to 6 look at
PER_PERSON = 4  # pictures
NAMELESS = 9  # one picture in so many has no name


@contextmanager
def running_service() -> Iterator[str]:
    """The address of a service that runs within the block."""
    with tempfile.TemporaryDirectory() as folder:
        gallery, output = Path(folder) / GALLERY, Path(folder) / "out.txt"
        _make(gallery)
        with output.open("w") as out:
            command = [sys.executable, "-m", "dgnet", "serve", str(gallery), "--port", "0"]
            server = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
        try:
            while not (found := re.search(r"Open (http://\S+)/ ;", output.read_text())):
                if server.poll() is not None:
                    sys.exit(f"dgnet serve ended: {output.read_text()}")
                time.sleep(0.1)
            yield found[1]
        finally:
            server.terminate()
            server.wait(120)


def _make(gallery: Path) -> None:
    """Write a calibrated gallery of all bundled people, who came by one after the other on one day."""
    day = datetime(datetime.now(UTC).year, 11, 26, 8, tzinfo=UTC)  # the page leaves out the year where it is this one
    people: dict[str, list[Path]] = {}
    paths = (bundled_root() / "bounding_box_test").glob("*.jpg")
    for path in sorted(paths, key=lambda one: (one.name[:4], one.name[12:])):  # cameras mixed
        people.setdefault(path.name[:4], []).append(path)
    del people["0000"]  # of nobody who is labelled
    shown = [path for theirs in people.values() for path in theirs[:: len(theirs) // PER_PERSON][:PER_PERSON]]
    items = [
        Item(
            path,
            camera=CAMERAS[int(path.name[6]) - 1],
            time=day.timestamp() + 180 * place,
            identity="" if place % NAMELESS == NAMELESS - 2 else path.name[:4],
        )
        for place, path in enumerate(shown)
    ]
    with Gallery.create(gallery) as made:
        made.add(items)
        made.calibrate(fars=(0.01,))
