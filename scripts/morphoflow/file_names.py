"""Names from data as names of files: any text in, a name that every file system takes out."""

import csv
import hashlib
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from urllib.parse import unquote

# What some file system takes for something else; "%" itself marks what stands for such a letter.
UNSAFE = '%/\\:*?"<>|~'
# Bytes of a name, so that endings and digests fit into the 255 that file systems take.
LONGEST = 180
TABLE = "names.csv"


def file_names(names: Sequence[str]) -> list[str]:
    """A name for a file for each of the ``names``, without an ending; equal names stay equal.

    What is safe stays as it is. Letters that are not, and a point in front, are written as in an
    address (``L2/3`` is ``L2%2F3``), so that :func:`name_of_file` gives the name back. A name that
    is too long is cut, and one that differs from another in case alone, or in how its accents are
    encoded, would be one file with it on some systems: both get a ``~`` and a digest.
    """
    encoded = {name: _hidden("".join(map(_encoded, name))) for name in names}
    counts = Counter(map(_folded, encoded.values()))
    unique = {
        name: _with_digest(text, name)
        if counts[_folded(text)] > 1 or len(text.encode()) > LONGEST or not text
        else text
        for name, text in encoded.items()
    }
    return [unique[name] for name in names]


def name_of_file(text: str) -> str:
    """The name behind one of :func:`file_names` that was not cut."""
    return unquote(text.split("~")[0])


def without_spaces(names: Sequence[str]) -> dict[str, str]:
    """What stands for each of the ``names`` in an id: with "_" for spaces, no two of them alike."""
    joined = {name: "_".join(name.split()) for name in names}
    counts = Counter(joined.values())
    return {
        name: _with_digest(text, name) if counts[text] > 1 else text
        for name, text in joined.items()
    }


def name_table(names: Sequence[str], files: Sequence[str]) -> str | None:
    """A table (CSV) with the name of each file, or None where they are the same."""
    if all(name == file for name, file in zip(names, files, strict=True)):
        return None
    text = io.StringIO()
    rows = zip(names, files, strict=True)
    csv.writer(text, lineterminator="\n").writerows([("name", "file"), *rows])
    return text.getvalue()


def _folded(text: str) -> str:
    """What is equal for names that some file system takes for one."""
    return unicodedata.normalize("NFC", text).casefold()


def _encoded(letter: str) -> str:
    if letter.isprintable() and letter not in UNSAFE:
        return letter
    return "".join(f"%{byte:02X}" for byte in letter.encode())


def _hidden(text: str) -> str:
    """A file whose name begins with a point is not shown, and "." and ".." are folders."""
    return f"%2E{text[1:]}" if text.startswith(".") else text


def _with_digest(text: str, name: str) -> str:
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    kept = text.encode()[:LONGEST].decode(errors="ignore")
    # A cut within "%2F" would leave what stands for nothing.
    whole = re.sub("%.?$", "", kept) if kept != text else kept
    return f"{whole}~{digest}"
