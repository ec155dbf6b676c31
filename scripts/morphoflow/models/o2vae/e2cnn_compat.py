"""e2cnn 0.2.3 with NumPy 2, SciPy 1.18 and torch 2.6 or newer; the only module that imports e2cnn.

The package is left as it is on disk. What it uses of NumPy, SciPy and torch under names or meanings
that are gone, or going, is replaced in the namespaces of its own modules, so that NumPy, SciPy,
torch and every other package stay untouched:

* ``group.groups.o2group``: ``np.float``, gone since NumPy 1.24;
* ``kernels.utils``: ``np.array(copy=False)`` where a copy is needed, an error since NumPy 2.0;
* ``kernels.irreps_basis``: ``ndarray.tostring`` in four hashes, gone since NumPy 2.3;
* ``group.group``, ``group.representation``, ``nn.field_type``: ``scipy.sparse.block_diag`` of dense
  blocks, whose result will be of another type, of which SciPy 1.18 warns;
* ``gspaces.r2.utils``: ``np.rot90`` by a float, of which NumPy 2.5 warns;
* ``nn.modules.r2_conv.basisexpansion_singleblock``: masks of type uint8, which torch warns of, and
  refuses where a basis has one element;
* ``nn.modules.r2_conv.basisexpansion_blocks``: ``torch.meshgrid`` without ``indexing``, which torch
  warns of, and its result as a buffer whose elements share memory, which cannot be loaded into.
"""

from collections.abc import Sequence
from types import ModuleType

import numpy as np
import torch
from e2cnn import gspaces
from e2cnn import nn as e2nn
from e2cnn.group import group, representation
from e2cnn.group.groups import o2group
from e2cnn.gspaces.r2 import utils as gspace_utils
from e2cnn.kernels import irreps_basis
from e2cnn.kernels import utils as kernel_utils
from e2cnn.nn import field_type
from e2cnn.nn.modules.r2_conv import basisexpansion_blocks, basisexpansion_singleblock
from scipy import sparse

__all__ = ["e2nn", "gspaces"]


HASHED = (
    "R2FlipsSolution",
    "R2FlipsDiscreteRotationsSolution",
    "R2ContinuousRotationsSolution",
    "R2FlipsContinuousRotationsSolution",
)


class Replaced:
    """A module as it is, but for the names that are given."""

    def __init__(self, module: ModuleType, **names: object) -> None:
        self.__dict__.update(names, _module=module)

    def __getattr__(self, name: str) -> object:
        return getattr(self._module, name)


def array(values: object, copy: bool = True) -> np.ndarray:
    """``numpy.array`` where ``copy=False`` means, as before NumPy 2, to copy only if needed."""
    return np.array(values) if copy else np.asarray(values)


def rot90(x: np.ndarray, k: float, axes: tuple[int, int]) -> np.ndarray:
    """``numpy.rot90`` for a whole number of quarter turns that is given as a float."""
    return np.rot90(x, int(k), axes)


def meshgrid(tensors: list[torch.Tensor]) -> list[torch.Tensor]:
    """``torch.meshgrid`` with its first meaning; no two elements of a result share their memory."""
    return [grid.contiguous() for grid in torch.meshgrid(tensors, indexing="ij")]


def block_diag(blocks: Sequence[np.ndarray], format: str | None = None) -> sparse.spmatrix:
    """``scipy.sparse.block_diag`` of dense blocks as the sparse matrix that it has always been."""
    return sparse.block_diag([sparse.coo_matrix(block) for block in blocks], format=format)


def hash_of_basis(basis: irreps_basis.IrrepBasis) -> int:
    """The hash of a basis of kernels between two irreducible representations."""
    angles = np.asarray(basis.gamma).tobytes()
    return hash((basis.in_irrep, basis.out_irrep, basis.mu.tobytes(), angles))


def replace_names() -> None:
    """Replace, in the modules of e2cnn alone, what NumPy, SciPy and torch no longer have."""
    o2group.np = Replaced(np, float=float)
    kernel_utils.np = Replaced(np, array=array)
    gspace_utils.np = Replaced(np, rot90=rot90)
    for module in (group, representation, field_type):
        module.sparse = Replaced(sparse, block_diag=block_diag)
    basisexpansion_singleblock.np = Replaced(np, uint8=bool)
    basisexpansion_singleblock.torch = Replaced(torch, uint8=torch.bool)
    basisexpansion_blocks.torch = Replaced(torch, meshgrid=meshgrid)
    for name in HASHED:
        getattr(irreps_basis, name).__hash__ = hash_of_basis


replace_names()
