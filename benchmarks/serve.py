"""What batching gives: searches per second over HTTP by many clients, beside one request at a time.

python benchmarks/serve.py                     ratio at 8 and 32 clients, p50 and p99, overload and recovery
python benchmarks/serve.py --soak 100000       that many searches by 32 clients: does memory grow?

`dgnet serve` runs on a copy of the bundled people, clients in a process of their own, both on this machine. Each
client sends one of 300 bundled query pictures, waits for the answer, and sends the next.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path

import numpy as np

from dgnet.mannequin.bundled import bundled_root

ROUNDS = 3  # one request at a time and many are measured in turn, since other work on the machine comes and goes


@contextmanager
def service() -> Iterator[tuple[str, int, int]]:
    """Host, port and process of a service."""
    with tempfile.TemporaryDirectory() as folder:
        output, errors = Path(folder) / "out.txt", Path(folder) / "err.txt"
        with output.open("w") as out, errors.open("w") as err:
            command = [sys.executable, "-m", "dgnet", "serve", "--port", "0", "--rate", "0"]
            server = subprocess.Popen(command, stdout=out, stderr=err)
        try:
            while not (found := re.search(r"Open http://(\S+):(\d+)/ ;", output.read_text())):
                assert server.poll() is None, errors.read_text()
                time.sleep(0.1)
            yield found[1], int(found[2]), server.pid
        finally:
            server.terminate()
            server.wait(120)


def requests() -> list[bytes]:
    """A search for each of some pictures, as bytes."""
    made = []
    for path in sorted((bundled_root() / "query").glob("*.jpg"))[:300]:
        head = b'--x\r\nContent-Disposition: form-data; name="images"; filename="x.jpg"\r\n\r\n'
        body = head + path.read_bytes() + b"\r\n--x--\r\n"
        lines = (
            "POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        made.append(lines.encode() + body)
    return made


async def client(address: tuple[str, int], asked: Iterator[bytes], end: float, took: list[tuple[int, float]]) -> None:
    """Ask until the end; of each answer the status and the seconds."""
    reader, writer = await asyncio.open_connection(*address)
    while time.monotonic() < end:
        began = time.monotonic()
        writer.write(next(asked))
        head = await reader.readuntil(b"\r\n\r\n")
        size = int(re.search(rb"content-length: (\d+)", head)[1])  # type: ignore[index]
        await reader.readexactly(size)
        took.append((int(head.split(b" ", 2)[1]), time.monotonic() - began))
    writer.close()


def load(address: tuple[str, int], num_clients: int, seconds: float) -> list[tuple[int, float]]:
    """The answers that so many clients get in so many seconds."""
    asked, took = cycle(requests()), list[tuple[int, float]]()

    async def all_clients() -> None:
        end = time.monotonic() + seconds
        await asyncio.gather(*(client(address, asked, end, took) for _ in range(num_clients)))

    asyncio.run(all_clients())
    return took


def described(took: list[tuple[int, float]], seconds: float) -> str:
    p50, p99 = np.percentile([second for _, second in took], [50, 99]) * 1000
    return f"{len(took) / seconds:.1f} per second, p50 {p50:.0f} ms, p99 {p99:.0f} ms"


def compare(address: tuple[str, int], seconds: float) -> None:
    """Rounds of one client, 8 and 32 in turn; the ratio is that of all rounds together."""
    took: dict[int, list[tuple[int, float]]] = {1: [], 8: [], 32: []}
    load(address, 4, 3)  # the first requests find cold caches
    for _ in range(ROUNDS):
        for number, kept in took.items():
            kept += load(address, number, seconds)
    for number, kept in took.items():
        assert {status for status, _ in kept} == {200}, Counter(status for status, _ in kept)
        ratio = len(kept) / len(took[1])
        print(f"{number:3} clients: {described(kept, ROUNDS * seconds)}; {ratio:.2f} times one at a time", flush=True)


def overload(address: tuple[str, int], seconds: float) -> None:
    """More clients than may wait: some are told to come again, and then all is as before."""
    statuses = Counter(status for status, _ in load(address, 200, seconds))
    assert set(statuses) == {200, 503}, statuses
    after = load(address, 1, seconds)
    assert {status for status, _ in after} == {200}
    print(f"200 clients: {dict(statuses)}; after that one client: {described(after, seconds)}", flush=True)


def soak(address: tuple[str, int], process: int, number: int) -> None:
    """That many searches by 32 clients; the resident memory at the first tenth and at the end."""

    def resident() -> float:
        return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{process}/status").read_text())[1]) / 1024  # type: ignore[index]

    done, said, sizes = 0, 0, []
    while done < number:
        took = load(address, 32, 10)
        assert {status for status, _ in took} == {200}
        done += len(took)
        if done >= said + number / 10:
            said = done
            sizes.append(resident())
            print(f"{done} searches: {sizes[-1]:.0f} MiB", flush=True)
    print(f"memory after {number} searches: {sizes[-1] / sizes[0]:.3f} of that after the first tenth")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=8.0, help="of each measurement")
    parser.add_argument("--soak", type=int, default=0, metavar="NUMBER", help="of searches")
    given = parser.parse_args()
    with service() as (host, port, process):
        if given.soak:
            soak((host, port), process, given.soak)
        else:
            compare((host, port), given.seconds)
            overload((host, port), given.seconds)


if __name__ == "__main__":
    main()
