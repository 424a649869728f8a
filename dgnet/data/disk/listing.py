"""Listing a data set's folder: images, files that look like pictures but are not read, and paths that cannot be read.

An image is a file whose suffix is one that this package decodes.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path

from dgnet.data.records import DataError, LeftOut, name_left_out


def _suffixes(words: str) -> frozenset[str]:
    return frozenset(f".{word}" for word in words.split())


IMAGE_SUFFIXES = _suffixes(
    "jpg jpeg jpe jfif mpo png apng bmp dib webp tif tiff gif ppm pgm pbm pnm tga pcx qoi avif jp2 j2k j2c jpc jpf jpx"
)
# Pictures and films that are not decoded here: a person who is on no other files must not go missing unnoticed.
NOT_READ = _suffixes(
    "heic heif hif avifs jxl jxr wdp hdp jls svg svgz psd psb xcf ai eps ps pdf ico icns cur exr hdr pfm dds ktx pcd"
    " dcm fits fit sgi rgb rgba bw ras xbm xpm wmf emf raw dng cr2 cr3 crw nef nrw arw srf sr2 orf rw2 raf pef srw x3f"
    " 3fr iiq kdc dcr mrw erf rwl mp4 m4v mov avi mkv webm mpg mpeg wmv 3gp flv mjpeg mjpg"
)
LITTER = frozenset({"__MACOSX", "@eaDir", "lost+found", "$RECYCLE.BIN"})  # folders that other systems leave behind


@dataclass
class Contents:
    """Everything under one folder. `images` are paths relative to it, with `/` between their parts, sorted.

    `folders` are its direct subfolders. `unread` are the whole paths of what looks like a picture but is not read, and
    `unreadable` those of what cannot be read, each with the reason.
    """

    folder: Path
    images: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    unread: list[LeftOut] = field(default_factory=list)
    unreadable: list[LeftOut] = field(default_factory=list)

    def path(self, below: str) -> str:
        """The whole path of something whose path relative to the folder is `below`."""
        return os.path.join(self.folder, below)

    def keep(self, depth: int, reason: str) -> Iterator[str]:
        """The images in exactly `depth` subfolders; deeper ones are added to `unread`, with `reason`."""
        for below in self.images:
            found = below.count("/")
            if found == depth:
                yield below
            elif found > depth:
                self.unread.append((self.path(below), reason))

    def explain(self) -> str:
        """The end of a message that images are missing: what was found instead, or else what to do."""
        found = [*self.unreadable, *self.unread]
        return f"found {name_left_out(found)}" if found else "unpack the data set again, or check the path"


def is_image(name: str) -> bool:
    """Whether a file's name is an image's: its suffix is known and it is not hidden (macOS leaves `._x.jpg` files)."""
    return name[name.rfind(".") :].lower() in IMAGE_SUFFIXES and not name.startswith(".")


def why_not_read(name: str) -> str:
    """Why a file that is not an image but looks like a picture is not read; empty where it does not look like one."""
    stem, suffix = os.path.splitext(name.lower())
    if suffix in NOT_READ:
        return f"{suffix} is not read; save it as JPEG or PNG"
    if suffix and os.path.splitext(stem)[1] in IMAGE_SUFFIXES:
        return f"{suffix} after an image's suffix is not read; rename or remove it"
    if suffix.endswith("~") and suffix.rstrip("~") in IMAGE_SUFFIXES:
        return f"{suffix} is not an image's suffix; rename or remove it"
    return ""


def list_tree(folder: Path) -> Contents:
    """Everything under `folder`, at any depth; links are followed, hidden files and folders are left out.

    Raises DataError where `folder` itself is missing, is a file or may not be listed.
    """
    contents = Contents(folder)
    try:
        _look(contents, "", ())
    except FileNotFoundError:
        raise DataError(f"{folder}: this folder is missing; check the path, or unpack the data set again") from None
    except NotADirectoryError:
        raise DataError(f"{folder}: this is a file, where a folder of images was expected") from None
    except PermissionError:
        raise DataError(f"{folder}: this folder may not be read; give yourself permission to list it") from None
    except OSError as error:
        raise DataError(f"{folder}: this folder cannot be read: {error.strerror}") from None
    return contents


def direct_folders(root: Path) -> list[Path]:
    """The folders in `root`, sorted, without hidden ones and LITTER. Raises DataError where it cannot be listed."""
    try:
        with os.scandir(root) as entries:
            return [root / name for name in sorted(e.name for e in entries if not _is_litter(e.name) and _leads_on(e))]
    except OSError as error:
        raise DataError(f"{root}: this folder cannot be read: {error.strerror}") from None


def holds_image(root: Path, depth: int) -> bool:
    """Whether an image is in `root` or at most `depth` folders below it; what cannot be listed counts as empty."""
    try:
        if any(map(is_image, os.listdir(root))):
            return True
        return depth > 0 and any(holds_image(child, depth - 1) for child in direct_folders(root))
    except (OSError, DataError):
        return False


def is_folder(path: Path) -> bool:
    """Whether `path` is a folder that can be reached (a loop of links is not)."""
    try:
        return path.is_dir()
    except OSError:
        return False


def refuse_non_folders(root: Path, names: Iterable[str]) -> None:
    """Raise DataError where one of `names` is in `root` but not a folder: a split must not go missing unnoticed."""
    for path in (root / name for name in names):
        if os.path.lexists(path) and not is_folder(path):
            what = f"a link to {os.readlink(path)}, which is no folder" if path.is_symlink() else "not a folder"
            raise DataError(f"{path}: {what}; mend or remove it")


def is_file(path: Path) -> bool:
    """Whether `path` is an ordinary file that can be reached."""
    try:
        return path.is_file()
    except OSError:
        return False


def _leads_on(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a loop of links
        return False


def _is_litter(name: str) -> bool:
    return name.startswith(".") or name in LITTER


def _look(contents: Contents, below: str, above: tuple[tuple[int, int], ...]) -> None:
    """Add everything in the subfolder `below`; `above` are (device, inode) of all folders that contain it."""
    folder = os.path.join(contents.folder, below)
    with os.scandir(folder) as listed:
        entries = sorted((e for e in listed if not _is_litter(e.name)), key=attrgetter("name"))
    own = os.stat(folder)
    here = (*above, (own.st_dev, own.st_ino))
    for entry in entries:
        name = f"{below}/{entry.name}" if below else entry.name
        try:
            if entry.is_file():
                _add_file(contents, name, entry)
            elif entry.is_dir():
                _add_folder(contents, name, entry, here)
            else:
                _add_other(contents, entry)
        except OSError as error:  # a link to itself, or a folder whose contents may not be looked at
            contents.unreadable.append((entry.path, error.strerror or str(error)))


def _add_file(contents: Contents, name: str, entry: os.DirEntry[str]) -> None:
    if is_image(entry.name):
        contents.images.append(name)
    elif reason := why_not_read(entry.name):
        contents.unread.append((entry.path, reason))


def _add_folder(contents: Contents, name: str, entry: os.DirEntry[str], here: tuple[tuple[int, int], ...]) -> None:
    if is_image(entry.name):
        contents.unread.append((entry.path, "a folder, though it is named as an image is"))
    if entry.is_symlink():
        target = entry.stat()
        if (target.st_dev, target.st_ino) in here:
            contents.unreadable.append((entry.path, "a link back to a folder that it lies in"))
            return
    if "/" not in name:
        contents.folders.append(name)
    _look(contents, name, here)


def _add_other(contents: Contents, entry: os.DirEntry[str]) -> None:
    """Neither a file nor a folder: a link to nothing (which may have been either), a pipe, a socket or a device."""
    try:
        mode = entry.stat().st_mode
    except FileNotFoundError:
        contents.unreadable.append((entry.path, f"a link to {os.readlink(entry.path)}, which does not exist"))
        return
    if is_image(entry.name):
        contents.unreadable.append((entry.path, f"{_kind(mode)}, not a file"))


def _kind(mode: int) -> str:
    if stat.S_ISFIFO(mode):
        return "a named pipe"
    return "a socket" if stat.S_ISSOCK(mode) else "a device"
