"""Kill `add` at random moments, again and again: python benchmarks/kill_gallery.py --store postgres --kills 20

Each round runs what `dgnet gallery add` runs, with small batches, and kills it with `kill -9`. Then the gallery must
open, hold every entry whose batch was acknowledged, hold nothing twice, and have no fault. With `--server_kills`, the
server is killed too, in the middle of adding, and started again. At the end, one run that is not killed must leave
exactly one entry per picture. Servers are real: tests/gallery/servers/start.py.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from children import ended, in_a_child
from PIL import Image
from servers import load_servers

from dgnet.experiment.galleries.gallery import Gallery
from dgnet.gallery.stores.choice import open_store

BATCH = 16


def draw(folder: Path, number: int, seed: int) -> list[str]:
    """Small pictures, all different."""
    random_ = np.random.default_rng(seed)
    paths = [folder / f"{index:05d}.jpg" for index in range(number)]
    for path in paths:
        pixels = random_.integers(0, 255, (8, 4, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((32, 64), Image.Resampling.NEAREST).save(path, quality=90)
    return [str(path) for path in paths]


@contextmanager
def place(kind: str, folder: Path) -> Iterator[tuple[str, Any]]:
    """An address where there is no gallery yet, and its server."""
    if kind == "sqlite":
        yield str(folder / "people.db"), None
        return
    with load_servers().running(kind) as server:
        yield server.address("people"), server


def add(address: str, paths: list[str], acknowledged: Path) -> None:
    """Add the pictures, and write the ids of each batch that was acknowledged to a file, at once."""
    with Gallery.open(address) as gallery, open(acknowledged, "a") as file:
        real = gallery.store.add

        def told(entries: Any, vectors: Any, thumbnails: Any) -> list[bool]:
            new = real(entries, vectors, thumbnails)
            file.write("".join(f"{entry.id}\n" for entry in entries))
            file.flush()
            return new

        gallery.store.add = told  # type: ignore[method-assign]
        gallery.add(paths, batch_size=BATCH)


def look(address: str, acknowledged: Path, found: Path) -> None:
    """Open the gallery, and write down what is wrong with it and how many entries it has."""
    with Gallery.open(address) as gallery:
        ids = [entry.id for entries in gallery.store.entries() for entry in entries]
        faults = gallery.verify()
        lost = set(acknowledged.read_text().split()) - set(ids)
        faults += [f"{len(lost)} acknowledged entries are lost"] if lost else []
        faults += [f"{len(ids) - len(set(ids))} entries are there twice"] if len(set(ids)) < len(ids) else []
        faults += [f"{gallery.store.count()} are counted, {len(ids)} read"] if gallery.store.count() != len(ids) else []
        found.write_text(json.dumps([len(set(ids)), faults]))


def clear(address: str) -> None:
    """Remove everything, as a user would, so that there is something to add again."""
    from dgnet.gallery.stores.protocol import Filter

    store = open_store(address)
    store.remove(Filter(known=False))
    store.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", choices=("sqlite", "postgres", "milvus"), required=True)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--server_kills", type=int, default=2)
    parser.add_argument("--images", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0, help="of the moments and of the pictures")
    given = parser.parse_args()
    moments = random.Random(given.seed)
    with tempfile.TemporaryDirectory() as place_, place(given.store, Path(place_)) as (address, server):
        folder = Path(place_)
        output, acknowledged, found = folder / "output.txt", folder / "acknowledged.txt", folder / "found.json"
        acknowledged.touch()
        paths = draw(folder, given.images, given.seed)
        assert ended(in_a_child(lambda: Gallery.create(address).close(), output)) == 0, output.read_text()

        def checked() -> int:
            status = ended(in_a_child(lambda: look(address, acknowledged, found), output))
            assert status == 0, f"the gallery does not open: {output.read_text()[-2000:]}"
            number, faults = json.loads(found.read_text())
            assert not faults, faults
            return number

        server_kills = given.server_kills if server else 0
        whom = ["the process"] * given.kills + ["the server"] * server_kills
        moments.shuffle(whom)
        done = {"the process": 0, "the server": 0}
        for victim in whom:
            if len(acknowledged.read_text().split()) > given.images - 4 * BATCH:
                acknowledged.write_text("")
                assert ended(in_a_child(lambda: clear(address), output)) == 0, output.read_text()
            before = acknowledged.stat().st_size
            child = in_a_child(lambda: add(address, paths, acknowledged), output)
            # Wait for a batch or two (or not even one), then kill within the time that a batch takes.
            wanted, deadline = before + 33 * BATCH * moments.choice((0, 1, 1, 2)), time.monotonic() + 120
            while acknowledged.stat().st_size < wanted and time.monotonic() < deadline:
                time.sleep(0.002)
            time.sleep(moments.uniform(0, 0.3))
            if victim == "the server":
                server.kill()
                server.start()
                status = ended(child)
                # It has waited for the server, or has said in a sentence that it was away.
                assert status in (0, 2), output.read_text()[-2000:]
            else:
                os.kill(child, signal.SIGKILL)
                status = ended(child)
                assert status in (0, -signal.SIGKILL), output.read_text()[-2000:]
            done[victim] += 1
            print(
                f"killed {victim}: ended with {status}; {checked()} entries, every acknowledged one there", flush=True
            )
        assert ended(in_a_child(lambda: add(address, paths, acknowledged), output)) == 0, output.read_text()[-2000:]
        number = checked()
    print(
        f"{given.store}: {done['the process']} kills of the adding process, {done['the server']} of the server: every "
        f"acknowledged entry there, nothing twice; at the end {number} entries of {given.images} pictures"
    )
    raise SystemExit(number != given.images)


if __name__ == "__main__":
    main()
