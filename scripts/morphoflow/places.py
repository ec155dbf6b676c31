"""What a path is relative to, for whoever wrote one that is not there.

Like :mod:`morphoflow.plan` this is imported by the Snakefile and stands alone.
"""

import os
from collections.abc import Iterable
from pathlib import Path


def relative(path: str, elsewhere: Iterable[Path] = ()) -> str:
    """A sentence for a ``path`` that does not exist: where it was looked for, and where it is.

    ``elsewhere`` are other folders that a user may have thought of, such as that of the config.
    """
    if Path(path).is_absolute():
        return "Nothing lies under this absolute path."
    said = f"Paths are relative to the working directory '{Path.cwd()}'"
    paths = [os.path.relpath(folder / path) for folder in elsewhere if (folder / path).exists()]
    return f"{said}: did you mean '{paths[0]}', which exists?" if paths else f"{said}."
