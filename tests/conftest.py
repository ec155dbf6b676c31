"""What all tests share: where torch is not installed, what needs it is skipped, and nothing else.

So the same tests run on a Python for which only the rest is installed (``.ci/run``). A file that
imports torch is skipped as a whole, a test that comes to import it alone.
"""

from importlib.util import find_spec

import pytest

TORCHLESS = find_spec("torch") is None
REASON = "torch is not installed"


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
