"""One guard around all that reads files of others: their faults become sentences with the file."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from morphoflow.errors import InputError
from morphoflow.reading.findings import Refused

# Letters of a library's message that are passed on.
LONGEST = 300
# Where Linux says how much memory a container or a job of a cluster may take.
LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


@contextmanager
def reading(file: str | Path) -> Iterator[None]:
    """Turn any error of the block, which reads ``file``, into an InputError that names it.

    A damaged file fails anywhere in its reader, with errors of any kind.
    """
    try:
        yield
    except (InputError, Refused):
        raise
    except Exception as error:
        raise InputError(f"{file} cannot be read ({in_words(error)}); {way_out(error)}.") from None


@contextmanager
def refusing(code: str = "unreadable", what: str = "it cannot be read") -> Iterator[None]:
    """Turn any error of the block, which reads one of many files, into a refusal of that file.

    ``code`` is the modality's for it, and ``what`` says what the block was to do.
    """
    try:
        yield
    except Refused:
        raise
    except InputError as error:
        raise Refused(code, str(error)) from None
    except Exception as error:
        raise Refused(code, f"{what} ({in_words(error)})") from None


def in_words(error: Exception) -> str:
    """What an error says, in one line."""
    reason = getattr(error, "strerror", None) or str(error)
    text = " ".join(f"{type(error).__name__}: {reason}".split())
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def way_out(error: Exception) -> str:
    """What is to be done about a file whose reading failed."""
    if isinstance(error, MemoryError):
        return "it asks for more memory than there is: check its shape, or give the job more"
    if isinstance(error, PermissionError):
        return "give yourself the right to read it"
    return "copy or export it anew"


def check_size(wanted: float, what: str, file: str | Path) -> None:
    """Raise InputError if ``what`` of a ``file`` would take more bytes than the memory has.

    Called before memory is taken, since a damaged file may declare any size, and a machine that
    runs out of memory ends jobs that have done nothing wrong.
    """
    if wanted > memory_bytes():
        raise InputError(
            f"{file}: {what} would take {wanted / 1e9:,.1f} GB of memory, but there are "
            f"{memory_bytes() / 1e9:,.1f} GB; check the file, or use a machine with more."
        )


@cache
def memory_bytes() -> int:
    """The memory of the machine, or of the container or job that this process runs in."""
    limits = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    for path in map(Path, LIMITS):
        text = path.read_text().strip() if path.is_file() else "max"
        limits += [int(text)] if text.isdigit() else []
    return min(limits)


# What a process may take at most once its memory is bounded.
BOUND = memory_bytes()


def bound_memory() -> None:
    """From now on this process gets no more memory than there is, and MemoryError beyond.

    For readers that decode a chunk to whatever it expands to (HDF5, and zarr by numcodecs): one of
    some megabytes may take all the memory, whatever shape its array declares.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limits = [limit for limit in (soft, hard, BOUND) if limit != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_DATA, (min(limits), hard))
