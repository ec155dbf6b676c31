"""SWC text to a table of nodes: one vectorised pass, and a search by line only to name a fault."""

import re
from dataclasses import dataclass

import numpy as np

from morphoflow.reading.findings import Finding, Refused

COLUMNS = ("id", "type", "x", "y", "z", "radius", "parent")

NUMBER = re.compile(r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|nan|inf(?:inity)?)", re.IGNORECASE)

COMMENT = re.compile(r"#[^\n]*")

SCALE = re.compile(r"^\s*#\s*SCALE\s+(.+?)\s*$", re.IGNORECASE | re.MULTILINE)

# Units that a header states and that are not um.
UNIT = re.compile(
    r"^\s*#.*\bunits?\b\W{0,4}(nm|nanomet(?:er|re)s?|px|pixels?|voxels?|mm|millimet(?:er|re)s?)\b",
    re.IGNORECASE | re.MULTILINE,
)

LARGEST_COORDINATE = 1e12

LONGEST_VALUE = 60

TAIL = "\0\x1a"

# From here on not every whole number is one of float64.
LARGE = 2**53


@dataclass(frozen=True, eq=False)
class Table:
    """The node lines of a file, as written.

    ``id``, ``parent`` and ``line`` (N,) int64, ``compartment`` (N,) uint8, ``xyz`` (N, 3) and
    ``radius`` (N,) float64 in the units of the file; ``line`` counts from 1.
    """

    id: np.ndarray
    compartment: np.ndarray
    xyz: np.ndarray
    radius: np.ndarray
    parent: np.ndarray
    line: np.ndarray


def parse(data: bytes, notes: list[Finding]) -> Table:
    """Read the bytes of an SWC file; what is remarkable is appended to ``notes``.

    Comments, blank lines, tabs, commas, further columns, any line ending, a byte order mark, any
    order of ids and ids such as ``12.0`` are read. Raises Refused with line and value otherwise.
    """
    text = _without_tail(_decode(data), notes)
    _refuse_other_order(text)
    lines = COMMENT.sub("", text).split("\n")
    number = [i for i, line in enumerate(lines, 1) if line and not line.isspace()]
    if not number:
        raise Refused("empty_file", "the file has no line with a node")
    rows = [lines[i - 1] for i in number]
    line = np.array(number)
    if any("," in row for row in rows):
        rows = _without_commas(rows, line)
    values = _numbers(rows, line)
    _refuse_fractions(values, line)
    whole = _whole(values, rows, line)
    _note_leftovers(text, rows, line, notes)
    return _table(values, whole, line, notes)


def _decode(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = data.decode("utf-16", errors="replace")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _without_tail(text: str, notes: list[Finding]) -> str:
    """The text without the bytes that DOS, and systems that fill up blocks, put behind it."""
    kept = text.rstrip(TAIL + " \t\n")
    tail = [letter for letter in text[len(kept) :] if letter in TAIL]
    if tail:
        name = "NUL" if tail[0] == "\0" else "Ctrl-Z"
        message = f"{len(tail)} bytes ({name}) at the end are not read"
        line = text[: text.index(tail[0], len(kept))].count("\n") + 1
        notes.append(Finding("tail", message, line=line, value=str(len(tail))))
    return kept


def _refuse_other_order(text: str) -> None:
    """Raise Refused where a comment names the seven columns in another order than they are read."""
    for comment in COMMENT.finditer(text):
        names = re.split(r"[\s,;]+", comment.group().lower().strip("# \t,;"))
        first = [name[0] for name in names if name]
        named = {"x", "y", "z"} <= set(names) and "p" in first and "r" in first
        if len(first) != len(COLUMNS) or not named:
            continue
        if names[2:5] != ["x", "y", "z"] or first[6] != "p":
            value = _shown(" ".join(names))
            line = text.count("\n", 0, comment.start()) + 1
            message = f"the header names the columns {value}"
            raise Refused("column_order", message, line=line, value=value)


def _without_commas(rows: list[str], line: np.ndarray) -> list[str]:
    for at, row in zip(line.tolist(), rows, strict=True):
        decimal = re.search(r"\S*\d,\d\S*", row)
        if decimal and len(row.split()) >= len(COLUMNS):
            value = _shown(decimal.group())
            raise Refused("decimal_comma", f"'{value}' has a decimal comma", line=at, value=value)
    return [row.replace(",", " ") for row in rows]


def _numbers(rows: list[str], line: np.ndarray) -> np.ndarray:
    try:
        return np.loadtxt(rows, comments=None, usecols=range(len(COLUMNS)), ndmin=2)
    except ValueError as error:
        raise _unreadable(rows, line) or Refused("not_a_number", str(error)) from None


def _unreadable(rows: list[str], line: np.ndarray) -> Refused | None:
    faults = [
        (at, row)
        for at, row in zip(line.tolist(), rows, strict=True)
        if _bad_field(row) is not None
    ]
    if not faults:
        return None
    at, row = faults[0]
    more = _more(len(faults))
    if row == rows[0] and row.split()[0].isalpha() and len(faults) < len(rows):
        message = f"'{_shown(row)}' before the nodes is text without a # before it{more}"
        return Refused("title_line", message, line=at, value=_shown(row))
    column = _bad_field(row)
    fields = row.split()
    if column == len(fields):
        message = f"the line has {len(fields)} of {len(COLUMNS)} columns{more}"
        return Refused("too_few_columns", message, line=at, value=_shown(row))
    value = _shown(fields[column])
    message = f"the {COLUMNS[column]} '{value}' is not a number{more}"
    return Refused("not_a_number", message, line=at, value=value)


def _bad_field(row: str) -> int | None:
    fields = row.split()[: len(COLUMNS)]
    wrong = (i for i, field in enumerate(fields) if not NUMBER.fullmatch(field))
    return next(wrong, len(fields) if len(fields) < len(COLUMNS) else None)


def _note_leftovers(text: str, rows: list[str], line: np.ndarray, notes: list[Finding]) -> None:
    if sum(map(len, map(str.split, rows))) > len(COLUMNS) * len(rows):
        count = [len(row.split()) for row in rows]
        first = next(i for i, n in enumerate(count) if n > len(COLUMNS))
        message = f"the line has {count[first]} columns, of which {len(COLUMNS)} are read"
        notes.append(
            Finding("extra_columns", message, line=int(line[first]), value=_shown(rows[first]))
        )
    scale = SCALE.search(text)
    if scale and _rescales(scale.group(1)):
        at = text.count("\n", 0, scale.start(1)) + 1
        message = f"the header says SCALE {scale.group(1)}, which is not applied"
        notes.append(Finding("scale_header", message, line=at, value=scale.group(1)))
    unit = UNIT.search(text)
    if unit:
        at = text.count("\n", 0, unit.start(1)) + 1
        message = f"the header says that units are {unit.group(1)}; those of the source are used"
        notes.append(Finding("unit_header", message, line=at, value=unit.group(1)))


def _rescales(scale: str) -> bool:
    factors = [field for field in scale.split() if NUMBER.fullmatch(field)]
    return any(float(factor) != 1.0 for factor in factors)


def _table(values: np.ndarray, whole: np.ndarray, line: np.ndarray, notes: list[Finding]) -> Table:
    xyz = values[:, 2:5]
    bad = ~(np.abs(xyz) < LARGEST_COORDINATE)
    if bad.any():
        row, column = np.argwhere(bad)[0]
        more = _more(int(bad.any(axis=1).sum()))
        value = f"{xyz[row, column]:g}"
        message = f"the {'xyz'[column]} coordinate {value} is not finite or beyond measure{more}"
        raise Refused("bad_coordinate", message, line=int(line[row]), value=value)
    return Table(
        id=whole[:, 0],
        compartment=_types(values[:, 1], line, notes),
        xyz=np.ascontiguousarray(xyz),
        radius=values[:, 5].copy(),
        parent=_parents(whole, line, notes),
        line=line,
    )


def _refuse_fractions(values: np.ndarray, line: np.ndarray) -> None:
    whole = values[:, [0, 1, 6]]
    bad = ~(np.isfinite(whole) & (whole == np.rint(whole)))
    if bad.any():
        row, column = np.argwhere(bad)[0]
        name = ("id", "type", "parent")[column]
        value = f"{whole[row, column]:.15g}"
        message = f"the {name} {value} is not a whole number{_more(int(bad.any(axis=1).sum()))}"
        raise Refused("not_an_integer", message, line=int(line[row]), value=value)


def _whole(values: np.ndarray, rows: list[str], line: np.ndarray) -> np.ndarray:
    """The ids and parents (N, 2) int64, read from the text where float64 would round them."""
    whole = values[:, [0, 6]]
    large = (np.abs(whole) >= LARGE).any(axis=1)
    if not large.any():
        return whole.astype(np.int64)
    try:
        return np.loadtxt(rows, np.int64, comments=None, usecols=(0, 6), ndmin=2)
    except (ValueError, OverflowError):
        at = int(np.argmax(large))
        message = "an id beyond 2^53 is not a whole number of at most 64 bits, written in full"
        value = _shown(rows[at])
        raise Refused("not_an_integer", message, line=int(line[at]), value=value) from None


def _types(types: np.ndarray, line: np.ndarray, notes: list[Finding]) -> np.ndarray:
    bad = (types < 0) | (types > 255)
    if bad.any():
        row = int(np.argmax(bad))
        message = f"{bad.sum()} types outside 0 to 255 are read as 0 (undefined)"
        notes.append(
            Finding("unknown_type", message, line=int(line[row]), value=f"{types[row]:.0f}")
        )
    return np.where(bad, 0, types).astype(np.uint8)


def _parents(whole: np.ndarray, line: np.ndarray, notes: list[Finding]) -> np.ndarray:
    """The parents (N,) of ids and parents (N, 2), -1 for roots however they are written."""
    ids, parent = whole.T
    zero = parent == 0
    if zero.any() and not (ids == 0).any():
        row = int(np.argmax(zero))
        message = f"{zero.sum()} parents 0, of which there is no node, are read as -1"
        notes.append(Finding("zero_parent", message, line=int(line[row]), value="0"))
        parent = np.where(zero, -1, parent)
    bad = parent < -1
    if bad.any():
        row = int(np.argmax(bad))
        message = f"{bad.sum()} negative parents are read as -1, the start of a tree"
        notes.append(
            Finding("negative_parent", message, line=int(line[row]), value=str(parent[row]))
        )
    return np.where(bad, -1, parent)


def _shown(text: str) -> str:
    """A piece of the text for a message, with letters that cannot be seen as escapes."""
    visible = (c if c.isprintable() or c == "\t" else ascii(c)[1:-1] for c in text.strip())
    return "".join(visible)[:LONGEST_VALUE]


def _more(n: int) -> str:
    return f" ({n} such lines)" if n > 1 else ""
