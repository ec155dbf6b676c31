"""Ids, labels and groups as texts that every table, store and figure can hold."""

import unicodedata
from pathlib import Path

from morphoflow.errors import InputError

# Control characters (NUL, line breaks, tabs), the line breaks of Unicode, and halves of letters:
# bytes that are not UTF-8.
UNFIT = ("Cc", "Zl", "Zp", "Cs")


def fault_of(text: str) -> str | None:
    """What is wrong with a name, or None; all else is taken as it is, slashes and quotes too."""
    unfit = [letter for letter in text if unicodedata.category(letter) in UNFIT]
    if not unfit:
        return None
    if unicodedata.category(unfit[0]) == "Cs":
        return "is not UTF-8"
    return f"has the control character {unfit[0]!r}"


def shown(text: str) -> str:
    """A name for a message, whatever it holds."""
    return text.encode("unicode_escape").decode("ascii") if fault_of(text) else text


def check_file_name(file: Path) -> None:
    """Raise InputError for a file whose name cannot be an id."""
    fault = fault_of(str(file))
    if fault is not None:
        raise InputError(f"the name of the file '{shown(str(file))}' {fault}; rename the file.")


def check_names(names: list[str | None], what: str, place: str, *, empty: bool = True) -> None:
    """Raise InputError for the first of the ``names`` that is none; ``empty`` ones may be fine.

    ``what`` they are called, and ``place`` is the file that they stand in.
    """
    for number, name in enumerate(names, 1):
        if not name and not empty:
            raise InputError(f"{place}: {what} number {number} is empty; give it one.")
        fault = fault_of(name) if name else None
        if fault is not None:
            raise InputError(
                f"{place}: {what} number {number}, '{shown(name or '')}', {fault}; correct it."
            )
