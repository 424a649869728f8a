"""The bundled edition: one archive in the package, unpacked once to a cache directory."""

from __future__ import annotations

import functools
import hashlib
import shutil
import tempfile
import zipfile
from pathlib import Path

from dgnet.files.cache import cache_root
from dgnet.files.whole_file import written_whole
from dgnet.mannequin.editions.edition import EditionError

ARCHIVE = Path(__file__).with_name("bundled.zip")


def bundled_root(cache_dir: Path | None = None) -> Path:
    """The bundled edition as a Market-1501 tree on disk, unpacked on first use below `cache_dir`.

    The folder is named after the archive's content, so an upgraded package never meets an old tree. Processes may race:
    each unpacks to a folder of its own, and the first to finish gives it its name. Raises EditionError when the archive
    is damaged.
    """
    root = Path(cache_dir if cache_dir is not None else cache_root()) / f"mannequin-{_digest(ARCHIVE)[:16]}"
    if not root.is_dir():
        root.parent.mkdir(parents=True, exist_ok=True)
        _unpack(ARCHIVE, root)
    return root


@functools.cache
def _digest(archive: Path) -> str:
    return hashlib.sha256(archive.read_bytes()).hexdigest()


def _unpack(archive: Path, root: Path) -> None:
    temporary = Path(tempfile.mkdtemp(prefix=f".{root.name}.", dir=root.parent))
    try:
        with zipfile.ZipFile(archive) as file:
            file.extractall(temporary)
        temporary.chmod(0o755)
        temporary.rename(root)
    except zipfile.BadZipFile as error:
        raise EditionError(f"{archive} is damaged ({error}): install dgnet again") from error
    except OSError:
        # Renaming onto a folder that holds files fails: another process was first, and its tree is the same.
        if not root.is_dir():
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def pack(tree: Path, archive: Path) -> None:
    """Write a tree as an archive: uncompressed (its images are compressed already), names sorted, dates fixed."""
    with written_whole(archive) as partial, zipfile.ZipFile(partial, "w", zipfile.ZIP_STORED) as file:
        for path in sorted(path for path in tree.rglob("*") if path.is_file()):
            info = zipfile.ZipInfo(path.relative_to(tree).as_posix(), date_time=(1980, 1, 1, 0, 0, 0))
            file.writestr(info, path.read_bytes())
