"""The parts of the training loop, each by itself."""

import itertools
import os

import numpy as np
import pytest
import torch

from morphoflow.errors import InputError
from morphoflow.seeds import numpy_generator, torch_generator, torch_seed
from morphoflow.training import fabric as fabrics
from morphoflow.training import progress
from morphoflow.training.checkpoint import checkpoint_folder, load_checkpoint, save_checkpoint
from morphoflow.training.fabric import make_fabric
from morphoflow.training.history import history_table, learning_rates
from morphoflow.training.metrics import EpochMetrics
from morphoflow.training.run import batches_per_epoch, epoch_order, share

PURPOSES = ("split", "sampling", "initialisation", "order", "noise", "augmentation")


def test_streams_are_apart_and_do_not_change_between_versions():
    keys = [(), (0,), (1,)]
    seeds = {torch_seed(s, p, *k) for s in (0, 1) for p in PURPOSES for k in keys}
    assert len(seeds) == 2 * len(PURPOSES) * len(keys)
    assert torch_seed(17, "noise") == 4741808662687259916


def test_streams_are_repeatable_and_uncorrelated():
    first = [numpy_generator(5, p).standard_normal(4000) for p in PURPOSES]
    again = [numpy_generator(5, p).standard_normal(4000) for p in PURPOSES]
    assert np.array_equal(first, again)
    correlation = np.corrcoef(first) - np.eye(len(PURPOSES))
    assert np.abs(correlation).max() < 5 / np.sqrt(4000)
    draws = [torch.rand(3, generator=torch_generator(5, "noise")) for _ in range(2)]
    assert torch.equal(*draws)


@pytest.mark.parametrize("processes", [1, 2, 3])
@pytest.mark.parametrize("n", [1, 7, 8, 49])
def test_processes_share_a_batch_without_gap_or_overlap(n, processes):
    batches = epoch_order(1, 0, n).split(8)
    assert len(batches) == batches_per_epoch(n, 8)
    for batch in batches:
        parts = [share(batch, rank, processes) for rank in range(processes)]
        taken = torch.cat([part for part, weight in parts if weight])
        assert sorted(taken.tolist()) == sorted(batch.tolist())
        assert sum(weight for _, weight in parts) == pytest.approx(1)
        assert all(weight in (0, len(part) / len(batch)) for part, weight in parts)


def test_the_order_is_a_function_of_seed_and_epoch():
    orders = [epoch_order(seed, epoch, 30).tolist() for seed in (1, 2) for epoch in (0, 1)]
    assert all(sorted(order) == list(range(30)) for order in orders)
    assert all(a != b for a, b in itertools.combinations(orders, 2))
    assert orders[1] == epoch_order(1, 1, 30).tolist()


def test_more_gpus_than_torch_sees_is_an_error_that_says_what_to_do():
    granted = torch.cuda.device_count() + 1
    with pytest.raises(InputError, match=f"{granted} GPU granted .*--resources gpu=0"):
        make_fabric(gpus=granted, precision="32-true", threads=1)


def test_a_precision_without_support_is_named():
    with pytest.raises(InputError, match="'16-mixed'; choose one of 32-true, tf32, bf16-mixed"):
        make_fabric(gpus=0, precision="16-mixed", threads=1)


@pytest.mark.parametrize("threads", [2, 1])
def test_the_number_of_threads_is_the_one_asked_for(threads):
    make_fabric(gpus=0, precision="32-true", threads=threads)
    assert torch.get_num_threads() == threads


def test_precision_and_determinism_are_set():
    fabric = make_fabric(gpus=0, precision="bf16-mixed", threads=1)
    with fabric.autocast():
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.bfloat16
    assert torch.are_deterministic_algorithms_enabled()
    assert not torch.backends.cudnn.benchmark
    assert torch.get_float32_matmul_precision() == "highest"


def flags_of_tf32():
    return torch.backends.cudnn.allow_tf32, torch.get_float32_matmul_precision()


@pytest.fixture
def as_on_a_gpu(monkeypatch):
    """Fabrics that are made for GPUs, and are those of a CPU."""
    monkeypatch.setattr(fabrics, "check_visible", lambda gpus: None)
    made = fabrics.Fabric
    monkeypatch.setattr(
        fabrics, "Fabric", lambda **asked: made(**asked | {"accelerator": "cpu", "devices": 1})
    )


def test_tf32_is_for_the_training_that_asks_for_it_and_for_no_later_one(as_on_a_gpu):
    asked = make_fabric(gpus=1, precision="tf32", threads=1)
    assert flags_of_tf32() == (True, "high")
    with asked.autocast():
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32
    said = fabrics.describe(asked)
    other = make_fabric(gpus=1, precision="32-true", threads=1)
    assert flags_of_tf32() == (False, "highest")
    # So that neither is resumed as the other.
    assert said != fabrics.describe(other)


def test_on_a_cpu_tf32_is_full_precision():
    make_fabric(gpus=0, precision="tf32", threads=1)
    assert flags_of_tf32() == (False, "highest")


def test_the_checkpoint_folder_depends_on_facts_and_not_on_their_order(tmp_path):
    facts = {"inputs": {"walks": "ab", "objects": "cd"}, "settings": {"rate": 0.1}, "seed": 1}
    same = {"seed": 1, "settings": {"rate": 0.1}, "inputs": {"objects": "cd", "walks": "ab"}}
    folder = checkpoint_folder(tmp_path, **facts)
    assert folder == checkpoint_folder(tmp_path, **same)
    assert folder.name == checkpoint_folder(tmp_path / "elsewhere", **facts).name
    for change in ({"seed": 2}, {"settings": {"rate": 0.2}}, {"inputs": {}}, {"new": None}):
        assert folder != checkpoint_folder(tmp_path, **{**facts, **change})


@pytest.mark.parametrize("call", [1, 2])
def test_a_crash_while_saving_leaves_a_whole_checkpoint(tmp_path, monkeypatch, call):
    save_checkpoint(tmp_path, {"identity": {}, "step": torch.tensor(1)})
    calls, replace = itertools.count(1), os.replace

    def crash(*paths):
        if next(calls) == call:
            raise OSError("the machine stops here")
        replace(*paths)

    monkeypatch.setattr(os, "replace", crash)
    with pytest.raises(OSError, match="stops here"):
        save_checkpoint(tmp_path, {"identity": {}, "step": torch.tensor(2)})
    assert int(load_checkpoint(tmp_path, {}, pytest.fail)["step"]) == 1


def test_the_history_has_a_rate_for_each_group_and_a_type_for_each_column():
    weights = [torch.nn.Parameter(torch.zeros(1)) for _ in range(3)]
    groups = [{"params": weights[:1], "lr": 0.5}, {"params": weights[1:2], "lr": 0.25}]
    optimizers = {
        "encoder": torch.optim.SGD(groups),
        "head": torch.optim.SGD(weights[2:], lr=0.125),
    }
    rates = learning_rates(optimizers)
    assert rates == {
        "learning_rate_encoder_0": 0.5,
        "learning_rate_encoder_1": 0.25,
        "learning_rate_head": 0.125,
    }
    kinds = history_table([], optimizers).dtypes.astype(str).to_dict()
    assert kinds["epoch"] == kinds["step"] == "int64" and kinds["best"] == "bool"
    assert {kinds[name] for name in (*rates, "train_loss", "validation_loss")} == {"float64"}


def row(epoch):
    return {"epoch": epoch, "train_loss": 1.5, "validation_loss": 2.5, "best": epoch == 1}


def test_a_log_has_the_first_and_last_epoch_and_one_in_some_seconds(capsys):
    now = 0.0
    lines = progress.Lines(epochs=20, items=100, unit="neurons", done=0, clock=lambda: now)
    for epoch in range(1, 21):
        now += 2.0
        lines.step(100)
        lines.epoch(row(epoch), last=epoch == 20)
    said = capsys.readouterr().err.splitlines()
    numbers = [int(line.split()[1].split("/")[0]) for line in said]
    assert numbers == [1, 4, 7, 10, 13, 16, 19, 20]
    assert said[0] == (
        "epoch 1/20  train 1.5  validation 2.5 (best)  50 neurons/s  at most 0:00:38 left"
    )


def test_a_terminal_gets_a_bar_a_log_gets_lines_and_other_processes_say_nothing(
    monkeypatch, capsys
):
    made = progress.make_report(2, 10, "neurons", 0.5, first=True)
    assert isinstance(made, progress.Lines)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    bar = progress.make_report(2, 10, "neurons", 0.5, first=True)
    bar.step(15)
    bar.epoch(row(2), last=True)
    bar.close()
    assert "epoch 2/2" in capsys.readouterr().err.split("\r")[-1]
    silent = progress.make_report(2, 10, "neurons", 0.5, first=False)
    silent.step(5)
    silent.epoch(row(1), last=True)
    assert capsys.readouterr().err == ""


def test_means_of_an_epoch_weigh_steps_by_their_items_and_need_a_step():
    fabric = make_fabric(gpus=0, precision="32-true", threads=1)
    metrics = EpochMetrics()
    with pytest.raises(ValueError, match="epoch 3 had no step"):
        metrics.fetch(fabric, 4, epoch=3)
    for step, (loss, items) in enumerate([(1.0, 3), (5.0, 1)]):
        metrics.add({"loss": torch.tensor(loss)}, items, step)
    assert metrics.fetch(fabric, 4, epoch=3) == {"loss": 2.0}
    metrics.add({"loss": torch.tensor(float("nan"))}, 1, step=2)
    with pytest.raises(InputError, match="not finite in epoch 3, step 2"):
        metrics.fetch(fabric, 5, epoch=3)
