"""What all tests share: where they run, figures without a screen, torch that repeats itself.

Where torch is not installed, what needs it is skipped, and nothing else: a file that imports it as
a whole, a test that comes to import it alone. So the rest runs on a further Python (``.ci/run``).
"""

import os
from importlib.util import find_spec

import pytest

from places import ROOT, SCRIPTS

os.environ["MPLBACKEND"] = "agg"
TORCHLESS = find_spec("torch") is None
REASON = "torch is not installed"


@pytest.fixture(scope="session", autouse=True)
def in_the_project():
    """Tests run in the project's folder, as jobs do: code that is an input is named from there."""
    os.chdir(ROOT)


@pytest.fixture
def from_a_script(monkeypatch):
    """The script that results name as the one that made them; a test runner is none."""
    monkeypatch.setattr("__main__.__file__", str(SCRIPTS / "fit.py"), raising=False)


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


def needs_torch(call: pytest.CallInfo) -> bool:
    """Whether what was called ended, at its root, at an import of torch where there is none."""
    error = call.excinfo.value if call.excinfo else None
    while TORCHLESS and error is not None:
        if isinstance(error, ModuleNotFoundError) and error.name == "torch":
            return True
        error = error.__cause__ or error.__context__
    return False


def as_skipped(report, place: str):
    report.outcome, report.longrepr = "skipped", (place, 0, f"Skipped: {REASON}")
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector):
    report = yield
    return as_skipped(report, str(collector.path)) if needs_torch(report.call) else report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo):
    report = yield
    return as_skipped(report, str(item.path)) if needs_torch(call) else report
