"""What made a result: settings, seed, inputs, code and versions; never a time, host or full path.

Equal runs therefore give equal bytes. Times and hosts belong to logs and benchmarks.
"""

import importlib.metadata
import sys
from pathlib import Path

from morphoflow.dependencies import code_digest
from morphoflow.errors import InputError
from morphoflow.records import check_inputs, listed

# A file and no module: a new version of the project computes nothing anew by itself.
VERSION = Path(__file__).with_name("VERSION")
PACKAGES = (
    "anndata",
    "e2cnn",
    "h5py",
    "hdbscan",
    "lightning-fabric",
    "numba",
    "numpy",
    "pandas",
    "pyarrow",
    "scikit-image",
    "scikit-learn",
    "scipy",
    "tensorstore",
    "tifffile",
    "torch",
    "umap-learn",
    "zarr",
)


def provenance(
    *, inputs: list[Path], settings: dict, seed: int | None = None, modules: tuple[str, ...] = ()
) -> dict:
    """Describe the running command for the file that it is about to write.

    ``inputs`` are files or folders that were read; ``modules`` are code files loaded by name, which
    an import statement does not show. Raises InputError where an input that is a result was made of
    other files than there are now.
    """
    check_inputs(inputs)
    entry = _entry()
    return {
        "command": entry.name,
        "settings": settings,
        "seed": seed,
        "inputs": sorted(listed(path) for path in inputs),
        "code": code_digest(str(entry), *modules),
        "versions": _versions(),
    }


def _entry() -> Path:
    """The file of the command that runs."""
    file = getattr(sys.modules["__main__"], "__file__", None)
    if file is None:
        raise InputError(
            "provenance names the script that makes a result, and this session runs none; write "
            "the result from a script of your own."
        )
    return Path(file)


def _versions() -> dict[str, str]:
    python = ".".join(map(str, sys.version_info[:3]))
    versions = {"morphoflow": VERSION.read_text().strip(), "python": python}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions
