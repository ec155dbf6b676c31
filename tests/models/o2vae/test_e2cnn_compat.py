"""e2cnn runs with the present NumPy, SciPy and torch, and none is changed for anyone else."""

import importlib
import re
import subprocess
import sys
import warnings
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import sparse

from morphoflow.models.o2vae.e2cnn_compat import block_diag, e2nn, gspaces, rot90
from morphoflow.models.o2vae.encoder import representations
from places import SCRIPTS

QUARTERS = [k * np.pi / 2 for k in range(4)]
# Spaces, and the elements of their groups that permute the pixels.
SPACES = {
    "flips": (gspaces.Flip2dOnR2, [0, 1]),
    "C4": (lambda: gspaces.Rot2dOnR2(4), [0, 1, 2, 3]),
    "SO(2)": (lambda: gspaces.Rot2dOnR2(-1, maximum_frequency=2), QUARTERS),
    "D8": (lambda: gspaces.FlipRot2dOnR2(8), list(product((0, 1), (0, 2, 4, 6)))),
    "O(2)": (
        lambda: gspaces.FlipRot2dOnR2(-1, maximum_frequency=2),
        list(product((0, 1), QUARTERS)),
    ),
}


@pytest.fixture(autouse=True)
def warnings_are_errors():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.mark.parametrize("name", SPACES)
def test_layers_commute_with_the_symmetries_of_the_grid(name):
    space, elements = SPACES[name][0](), SPACES[name][1]
    scalars = e2nn.FieldType(space, [space.trivial_repr] * 2)
    vectors = e2nn.FieldType(space, list(space.irreps.values()) * 2)
    there = e2nn.R2Conv(scalars, vectors, 5, padding=2)
    back = e2nn.R2Conv(vectors, scalars, 5, padding=2)
    x = e2nn.GeometricTensor(torch.rand(2, 2, 9, 9), scalars)
    for element in elements:
        moved = there(x.transform(element))
        assert_equal(moved, there(x).transform(element))
        assert_equal(back(moved), back(there(x)).transform(element))


def assert_equal(a, b):
    atol = 1e-5 * float(b.tensor.detach().abs().max())
    torch.testing.assert_close(a.tensor, b.tensor, atol=atol, rtol=0)


def test_blocks_of_one_basis_element_build():
    space = gspaces.FlipRot2dOnR2(8)
    scalars = e2nn.FieldType(space, [space.trivial_repr])
    layer = e2nn.R2Conv(scalars, scalars, 3, rings=[0.0], sigma=[0.5])
    assert layer.basisexpansion.dimension() == 1


def test_induced_representations_are_homomorphisms():
    space, trivial, vectors = representations()
    group = space.fibergroup
    for representation in (trivial, *vectors):
        for a in ((0, 0.3), (1, 1.1)):
            for b in ((0, 2.0), (1, 0.7)):
                expected = representation(a) @ representation(b)
                found = representation(group.combine(a, b))
                np.testing.assert_allclose(found, expected, atol=1e-9)


def test_matrices_of_rotations_and_flips_take_numbers():
    matrices = importlib.import_module("e2cnn.kernels.utils")
    c, s = np.cos(0.6), np.sin(0.6)
    np.testing.assert_allclose(matrices.psi(0.3, k=2)[..., 0, 0], [[c, -s], [s, c]])
    np.testing.assert_allclose(matrices.chi(1)[..., 0, 0], [[1, 0], [0, -1]])
    np.testing.assert_allclose(matrices.psichi(0.3, 1, k=2)[..., 0, 0], [[c, s], [s, -c]])


def test_equal_bases_have_equal_hashes_and_different_ones_differ():
    basis = importlib.import_module("e2cnn.kernels.irreps_basis")
    space = gspaces.FlipRot2dOnR2(-1, maximum_frequency=2)
    irreps = list(space.fibergroup.irreps.values())
    make = basis.R2FlipsContinuousRotationsSolution
    pairs = [(a.name, b.name) for a in irreps for b in irreps if a.size == b.size == 2]
    hashes = [[hash(make(space.fibergroup, *pair, 0.0)) for pair in pairs] for _ in range(2)]
    assert hashes[0] == hashes[1] and len(set(hashes[0])) == len(pairs)


def test_state_loads_into_another_model_of_one_channel():
    """The published checkpoints fail here: indices whose elements share their memory."""
    space, trivial, vectors = representations()
    one = e2nn.FieldType(space, [space.trivial_repr])
    mixed = e2nn.FieldType(space, [trivial, vectors[0], trivial])
    layers = [e2nn.R2Conv(one, mixed, 5) for _ in range(2)]
    layers[1].load_state_dict(layers[0].state_dict())
    torch.testing.assert_close(layers[1].weights, layers[0].weights, rtol=0, atol=0)


def test_blocks_lie_on_the_diagonal_of_a_sparse_matrix():
    found = block_diag([np.array([[1.0, 2.0]]), np.array([[3.0]])], format="csc")
    assert sparse.isspmatrix(found) and found.format == "csc"
    np.testing.assert_array_equal(found.toarray(), [[1, 2, 0], [0, 0, 3]])


def test_quarter_turns_may_be_given_as_floats():
    turned = rot90(np.array([[1, 2], [3, 4]]), 1.0, axes=(-2, -1))
    np.testing.assert_array_equal(turned, [[2, 4], [1, 3]])


def test_numpy_scipy_and_torch_stay_as_they_are():
    assert not hasattr(np, "float")
    assert np.uint8 is np.dtype("uint8").type and torch.uint8 is torch.zeros(1).byte().dtype
    assert np.array.__module__ == np.rot90.__module__ == "numpy"
    assert sparse.block_diag.__module__.partition(".")[0] == "scipy"
    # Without a word about what it shall do, torch's own still warns.
    with pytest.raises(UserWarning, match="indexing"):
        torch.meshgrid([torch.arange(2), torch.arange(2)])
    with pytest.raises(ValueError, match="copy"):
        np.array([1, 2], copy=False)


def test_the_import_is_silent():
    code = "import morphoflow.models.o2vae.e2cnn_compat"
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, env={"PYTHONPATH": str(SCRIPTS)})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_no_other_module_imports_e2cnn():
    sources = [path for folder in ("scripts", "resources") for path in Path(folder).rglob("*.py")]
    importing = [
        path.name
        for path in sources
        if re.search(r"^\s*(import|from) e2cnn\b", path.read_text(), flags=re.MULTILINE)
    ]
    assert importing == ["e2cnn_compat.py"]
