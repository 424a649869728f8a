"""Send a running `dgnet serve` what no honest client sends: python benchmarks/malformed.py --requests 10000

Truncated and altered pictures, bombs, polyglots, broken multipart, wrong tokens, wrong paths, huge headers, bodies that
stop half-way, and bytes that are no HTTP. The service is started on a copy of the bundled people and stays one process
throughout. There must be no answer of status 500 or above but 503, no growth of memory after the first fifth, no
file opened for writing outside of the gallery's folder, and the gallery must be sound and unchanged at the end.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from malformed_requests import Maker

from dgnet.experiment.galleries.bundled_people import copy_bundled_people
from dgnet.experiment.galleries.gallery import Gallery

# Runs `dgnet serve` with Python's own audit of what is opened for writing, one path per line.
WATCHED = """
import os, sys
log = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
def hook(event, arguments):
    if event == "open" and isinstance(arguments[0], (str, bytes)):
        mode, flags = arguments[1], arguments[2]
        if any(one in (mode or "") for one in "wax+") or (flags or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            os.write(log, os.fsencode(arguments[0]) + b"\\n")
    elif event in ("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "subprocess.Popen"):
        os.write(log, f"{event} {arguments[0]}\\n".encode(errors="replace"))
    elif event == "socket.connect":
        os.write(log, f"{event} {arguments[1]}\\n".encode(errors="replace"))
from dgnet.cli.main import main
sys.addaudithook(hook)
main(sys.argv[2:])
"""


def ask(address: tuple[str, int], request: bytes, seconds: float) -> bytes:
    """The first line of the answer; empty where there is none. A request that stops half-way is left at once."""
    with socket.create_connection(address, timeout=60) as raw:
        try:
            raw.sendall(request)
            raw.settimeout(seconds)
            return raw.makefile("rb").readline()
        except OSError:
            return b""


def memory(process: int) -> int:
    """Resident bytes of a process."""
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{process}/status").read_text())[1]) * 1024  # type: ignore[index]


def run(num_requests: int, seed: int, say: Callable[[str], None]) -> Counter[str]:
    """Send them all, and raise AssertionError for any promise that is not kept; returns how often each status came."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        gallery = copy_bundled_people(folder, progress=False)
        before = {path.name for path in folder.iterdir()}
        output, errors, opened = folder / "out.txt", folder / "err.txt", folder / "opened.txt"
        with output.open("w") as out, errors.open("w") as err:
            command = [sys.executable, "-c", WATCHED, str(opened), "serve", str(gallery), "--port", "0", "--rate", "0"]
            server = subprocess.Popen(command, stdout=out, stderr=err, cwd=folder)
        try:
            while not (found := re.search(r"Open http://(\S+):(\d+)/ ;", output.read_text())):
                assert server.poll() is None, errors.read_text()
                time.sleep(0.1)
            address = (found[1], int(found[2]))
            make, statuses = Maker(seed), Counter[str]()
            sizes = []
            for number in range(num_requests):
                request, due = make.request()
                line = ask(address, request, 20 if due else 0.02)
                status = line.split()[1].decode() if line.startswith(b"HTTP/") else "none"
                statuses[status] += 1
                assert status < "500" or status in ("503", "none"), (line, request[:3000])
                assert status != "none" or not due, request[:3000]
                assert server.poll() is None, errors.read_text()[-3000:]
                if (number + 1) % max(1, num_requests // 20) == 0:
                    sizes.append(memory(server.pid))
                    say(f"{number + 1} requests: {sizes[-1] / 2**20:.0f} MiB, {dict(statuses)}")
            early, late = max(sizes[:4]), max(sizes[-4:])
            say(f"memory: at most {early / 2**20:.0f} MiB in the first fifth, {late / 2**20:.0f} MiB in the last")
            assert late < 1.05 * early + 8 * 2**20, "memory grows"
            line = ask(address, b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n", 20)
            assert b" 200 " in line, line
            server.send_signal(signal.SIGTERM)
            assert server.wait(120) == 0, errors.read_text()[-3000:]
            text = errors.read_text()
            assert "Traceback" not in text, text[text.index("Traceback") :][:3000]
            lines = opened.read_text().splitlines() if opened.exists() else []
            touched = {one for one in lines if not one.rpartition(" ")[2].startswith(str(folder))}
            assert not touched, f"touched: {sorted(touched)[:20]}"
            left = {path.name for path in folder.iterdir()} - before - {"out.txt", "err.txt", "opened.txt"}
            assert not left, left
            with Gallery.open(gallery) as opened_again:
                assert opened_again.verify() == []
                assert len(opened_again) == 550
        finally:
            if server.poll() is None:
                os.kill(server.pid, signal.SIGKILL)
                server.wait()
    return statuses


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    statuses = run(given.requests, given.seed, lambda text: print(text, flush=True))
    print(
        f"{given.requests} malformed requests, seed {given.seed}: answers {dict(sorted(statuses.items()))}; none of 500"
    )


if __name__ == "__main__":
    main()
