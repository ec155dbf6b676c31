"""Which local files a script imports, so that a job runs again when one of them has changed.

The Snakefile imports this module, so it needs no package and is quick.
"""

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from morphoflow.files import sha256

SCRIPTS = Path(__file__).resolve().parent.parent
PACKAGE = "morphoflow"


def code(*entries: str) -> list[str]:
    """All modules of the library that the entry files import, directly or through others, sorted.

    Paths come back in the form of the entries: relative to the working directory where an entry
    is. Imports inside functions count, those under ``if TYPE_CHECKING`` do not; imports by computed
    name are invisible, so name those files
    as further entries (they are then listed as well).
    """
    return list(_code(*entries))


@cache
def code_digest(*entries: str) -> str:
    """A SHA-256 of the entry files and of all that they import, wherever the project lies.

    The same for a rule, whose jobs run again when it changes, and in the provenance of the results.
    """
    total = hashlib.sha256()
    files = {Path(file).resolve().relative_to(SCRIPTS) for file in (*entries, *code(*entries))}
    for file in sorted(files):
        total.update(f"{file.as_posix()}\0{sha256(SCRIPTS / file)}\n".encode())
    return total.hexdigest()


@cache
def _code(*entries: str) -> tuple[str, ...]:
    root = _root(entries[0])
    files = {Path(entry).resolve() for entry in entries[1:]}
    for entry in entries:
        files |= _closure(Path(entry).resolve())
    return tuple(sorted(str(root / file.relative_to(SCRIPTS)) for file in files))


def _root(entry: str) -> Path:
    depth = len(Path(entry).resolve().relative_to(SCRIPTS).parts)
    return Path(entry).parents[depth - 1]


def _closure(file: Path) -> set[Path]:
    imported: set[Path] = set()
    waiting = [file]
    while waiting:
        new = _imports(waiting.pop()) - imported
        imported |= new
        waiting.extend(new)
    return imported - {file}


@cache
def _imports(file: Path) -> frozenset[Path]:
    names = set()
    for node in _run(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    local = (SCRIPTS / (name.replace(".", "/") + ".py") for name in names if _is_local(name))
    return frozenset(path for path in local if path.is_file())


def _run(node: ast.AST) -> Iterator[ast.AST]:
    """A node and all below it, but for what only a type checker sees."""
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)):
            yield child
            yield from _run(child)


def _is_local(name: str) -> bool:
    return name.split(".")[0] == PACKAGE
