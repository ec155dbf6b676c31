"""What all tests share: where they run, figures without a screen, torch that repeats itself."""

import os

import pytest

from places import ROOT

os.environ["MPLBACKEND"] = "agg"


@pytest.fixture(scope="session", autouse=True)
def in_the_project():
    """Tests run in the project's folder, as jobs do: code that is an input is named from there."""
    os.chdir(ROOT)


@pytest.fixture(scope="module")
def one_thread():
    """Torch on one thread for the tests of a file: small networks take longer on more."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def deterministic(one_thread):
    """Torch on one thread that computes the same bytes each time, for the tests of a file."""
    import torch

    from morphoflow.training.devices import make_deterministic

    before = torch.are_deterministic_algorithms_enabled()
    make_deterministic(1)
    yield
    torch.use_deterministic_algorithms(before)


@pytest.fixture
def store(tmp_path):
    """Writes samples (n, ...) as a store, with ids o0, o1 ..., and reads it back."""
    from morphoflow.store import read_samples, write_samples

    def make(x, **more):
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.zarr"
        axes, ids = [f"axis{k}" for k in range(x.ndim)], [f"o{k}" for k in range(len(x))]
        write_samples(path, ids, x, axes=axes, units="um", provenance={}, **more)
        return read_samples(path)

    return make
