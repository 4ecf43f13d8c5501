"""Removes the folder of a call, in which code may have built anything."""

import contextlib
import os


def remove(folder: str) -> None:
    """Remove a folder and all in it, as far as that is possible.

    `shutil.rmtree` calls itself and holds a descriptor for every level, and so fails in a tree of
    a thousand levels, which a line of code makes.
    """
    with contextlib.suppress(OSError):
        _empty(folder)
        os.rmdir(folder)


def _empty(folder: str) -> None:
    fd = _open(folder)
    try:
        # From the outermost folder to the one that is open: which it is, and what is left in it.
        levels = [(os.fstat(fd), _folders_left(fd))]
        while True:
            _, names = levels[-1]
            if names:
                try:
                    fd = _swap(fd, names[-1])
                except OSError:
                    names.pop()  # closed to us
                else:
                    levels.append((os.fstat(fd), _folders_left(fd)))
                continue
            levels.pop()
            if not levels:
                return
            fd = _swap(fd, "..")
            outer, names = levels[-1]
            if not os.path.samestat(outer, os.fstat(fd)):
                return  # somebody moves folders, to have us remove another
            with contextlib.suppress(OSError):
                os.rmdir(names.pop(), dir_fd=fd)
    finally:
        os.close(fd)


def _open(name: str, place: int | None = None) -> int:
    fd = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=place)
    with contextlib.suppress(OSError):
        os.fchmod(fd, 0o700)  # what is in a folder that is read-only cannot be removed
    return fd


def _swap(fd: int, name: str) -> int:
    """Open another folder, named from the one that is open, instead of it."""
    other = _open(name, fd)
    os.close(fd)
    return other


def _folders_left(fd: int) -> list[str]:
    """Remove the files of a folder; return the names of the folders in it."""
    names = []
    with os.scandir(fd) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                names.append(entry.name)
            else:
                with contextlib.suppress(OSError):
                    os.unlink(entry.name, dir_fd=fd)
    return names
