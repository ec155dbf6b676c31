"""Every model and variant on a pretended GPU: no device is mixed with another, no step waits.

The models run in a process of its own, see ``tests/support/gpu``, which needs a C++ compiler and a
build of torch without CUDA.
"""

import json
import os
import subprocess
import sys

import pytest

from places import ROOT, SCRIPTS, SUPPORT

pytest.importorskip("torch")

from gpu import faults
from gpu.cases import variants, way
from gpu.pretended import compiled
from gpu.through import CHANGED

WAYS = {name: way(*variant) for name, variant in variants().items()}
STANDS_FOR = {name: next(each for each in WAYS if WAYS[each] == WAYS[name]) for name in WAYS}


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """What was seen in the other process, by the name of the case or the fault."""
    import torch

    if torch.backends.cuda.is_built():
        pytest.skip("this build of torch has a GPU's place taken by CUDA")
    try:
        library = compiled(tmp_path_factory.mktemp("gpu"))
    except FileNotFoundError as error:
        pytest.skip(str(error))
    except subprocess.CalledProcessError as error:
        pytest.skip(f"the C++ compiler cannot read torch's headers: {error.stderr[-300:]}")
    places = os.pathsep.join([str(SCRIPTS), str(SUPPORT)])
    environment = {**os.environ, "PRETENDED_GPU": str(library), "PYTHONPATH": places}
    command = [sys.executable, str(SUPPORT / "gpu" / "through.py")]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return {row.get("case") or row["fault"]: row for row in rows}


@pytest.mark.parametrize("name", [*STANDS_FOR, *CHANGED])
def test_a_model_runs_on_a_gpu_and_no_step_waits_for_it(seen, name):
    case = seen[STANDS_FOR.get(name, name)]
    assert case["error"] is None
    assert case["waits"] == {}


@pytest.mark.parametrize("name", [name for name in STANDS_FOR if name.endswith(" untrained")])
def test_the_lines_for_a_gpu_compute_what_those_for_a_cpu_do(seen, name):
    assert seen[name]["apart"] < 1e-4


@pytest.mark.parametrize("model", {model: None for model, _ in variants().values()})
def test_full_batches_are_the_same_operations_of_the_same_shapes(seen, model):
    assert seen[f"STEADY {model}"]["changes"] == 0


@pytest.mark.parametrize("name", faults.REFUSED)
def test_what_a_gpu_refuses_is_refused(seen, name):
    assert seen[f"REFUSED {name}"]["refused"]


@pytest.mark.parametrize("name", faults.WAITS)
def test_what_the_host_waits_for_is_noted(seen, name):
    assert seen[f"WAITS {name}"] == {"fault": f"WAITS {name}", "refused": False, "waits": 1}


@pytest.mark.parametrize("name", faults.ALLOWED)
def test_what_a_gpu_takes_without_a_wait_passes(seen, name):
    assert seen[f"ALLOWED {name}"] == {"fault": f"ALLOWED {name}", "refused": False, "waits": 0}


def test_a_network_trains_whose_weights_alone_were_copied(seen):
    assert seen["TRAINED"] == {"fault": "TRAINED", "refused": False, "waits": 4}


def test_variants_that_differ_in_sizes_alone_go_the_same_way():
    assert STANDS_FOR["o2vae demo"] == "o2vae default"
    assert STANDS_FOR["o2vae dihedral"] == "o2vae dihedral"
    assert STANDS_FOR["vae untrained"] == "vae untrained"
