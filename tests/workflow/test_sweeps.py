"""Sweeps: what is tried, what is chosen, and that the test split has no say in it."""

import copy

import numpy as np
import pandas as pd
import pytest

from morphoflow.analysis.sweep import loss_scores, sweep_table
from morphoflow.analysis.sweep_summary import summarise_sweeps
from morphoflow.errors import InputError
from morphoflow.figures.sweep import plot_sweep
from morphoflow.plan.sweeps import add_sweeps, points
from morphoflow.run_times import run_times, stage_times

MODELS = {
    "walker": {
        "modality": "neurons",
        "settings": {
            "kappa": {"type": "number", "default": 1, "minimum": 0},
            "size": {"type": "integer", "default": 8},
            "kind": {"enum": ["a", "b"], "default": "a"},
        },
        "variants": {"default": {}, "wide": {"size": 64}},
    }
}
DATASETS = {"toy": "neurons", "more": "neurons", "nuclei": "cells"}
BASE = {"datasets": ["toy"], "model": "walker", "variant": "default", "seeds": [0]}


def members(**changed):
    models = copy.deepcopy(MODELS)
    return add_sweeps({"mine": BASE | changed}, DATASETS, models)["mine"], models


def test_a_grid_tries_every_combination_on_every_dataset_with_every_seed():
    grid = {"kappa": [1, 10], "kind": ["a", "b"]}
    made, models = members(grid=grid, datasets=["toy", "more"], seeds=[0, 1, 2])
    tried = {(m.run.dataset, m.run.seed, m.settings["kappa"], m.settings["kind"]) for m in made}
    assert len(made) == len(tried) == 2 * 3 * 2 * 2
    assert models["walker"]["variants"]["mine_3"] == {"kappa": 10, "kind": "b"}


def test_what_the_sweep_leaves_alone_is_the_variants():
    _, models = members(grid={"kappa": [5]}, variant="wide")
    assert models["walker"]["variants"]["mine_0"] == {"size": 64, "kappa": 5}


def test_random_draws_stay_in_range_and_depend_on_the_seed_alone():
    ranges = {
        "kappa": {"low": 0.01, "high": 100.0, "scale": "log"},
        "size": {"low": 2, "high": 9, "scale": "whole"},
        "kind": ["a", "b"],
    }
    drawn = [
        points({"random": {"number": 400, "seed": seed, "settings": ranges}}) for seed in (1, 1, 2)
    ]
    assert drawn[0] == drawn[1] != drawn[2]
    kappa = np.array([point["kappa"] for point in drawn[0]])
    assert kappa.min() >= 0.01 and kappa.max() <= 100
    assert abs((kappa < 1).mean() - 0.5) < 0.1, "as many below as above the middle of a log scale"
    assert {point["size"] for point in drawn[0]} == set(range(2, 10))
    both = points({"grid": {"a": [1, 2]}, "random": {"number": 3, "seed": 0, "settings": ranges}})
    assert len(both) == 6


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"grid": {"kapa": [1]}}, "no key 'kapa'; did you mean 'kappa'"),
        ({"grid": {"kappa": [-1]}}, "kappa"),
        ({"grid": {"kappa": [1]}, "datasets": ["tou"]}, "sweeps.mine: dataset 'tou'.*'toy'"),
        ({"grid": {"kappa": [1]}, "datasets": ["nuclei"]}, "for neurons"),
        ({"grid": {"kappa": [1]}, "model": "walkr"}, "model 'walkr'"),
        ({"grid": {"kappa": [1]}, "variant": "narrow"}, "variant 'narrow'"),
    ],
)
def test_a_mistake_is_named_before_anything_runs(changed, named):
    with pytest.raises(ValueError, match=named):
        members(**changed)


def scores(values: dict[str, tuple[list[float], list[float]]]) -> pd.DataFrame:
    """A score table from validation and test values over seeds of each variant."""
    rows = [
        {"dataset": "toy", "model": "walker", "variant": variant, "seed": seed}
        | {"split": split, "score": "accuracy", "value": value}
        for variant, both in values.items()
        for split, some in zip(("validation", "test"), both, strict=True)
        for seed, value in enumerate(some)
    ]
    return pd.DataFrame(rows)


SETTINGS = {"mine_0": {"kappa": 1}, "mine_1": {"kappa": 100}}


def test_the_mean_over_seeds_on_validation_decides_whatever_the_test_says():
    table = scores({"mine_0": ([0.6, 0.8], [0.1, 0.1]), "mine_1": ([0.9, 0.3], [1.0, 1.0])})
    chosen = sweep_table(table, SETTINGS, "accuracy")
    assert set(chosen.loc[chosen["chosen"], "kappa"]) == {1}
    flipped = table.assign(value=table["value"].where(table["split"] != "test", 0.5))
    pd.testing.assert_series_equal(
        sweep_table(flipped, SETTINGS, "accuracy")["chosen"], chosen["chosen"]
    )


def test_of_equal_members_the_first_is_chosen_and_of_losses_the_smallest():
    table = scores({"mine_0": ([0.5], [0.1]), "mine_1": ([0.5], [1.0])})
    chosen = sweep_table(table, SETTINGS, "accuracy")
    assert set(chosen.loc[chosen["chosen"], "variant"]) == {"mine_0"}
    histories = {
        ("toy", "walker", f"mine_{number}", 0): pd.DataFrame({"validation_loss": losses})
        for number, losses in enumerate([[3.0, 2.0, 2.5], [4.0, 1.0, 9.0]])
    }
    losses = sweep_table(loss_scores(histories), SETTINGS, "loss")
    assert losses["value"].tolist() == [2.0, 1.0]
    assert set(losses.loc[losses["chosen"], "variant"]) == {"mine_1"}


def test_a_score_that_no_member_has_is_named_with_those_there_are():
    with pytest.raises(InputError, match=r"'f1'.*accuracy"):
        sweep_table(scores({"mine_0": ([1.0], [1.0])}), SETTINGS, "f1")


def test_the_figure_has_a_panel_for_each_dataset_and_setting():
    settings = {f"mine_{i}": {"kappa": 10**i, "kind": "ab"[i % 2]} for i in range(3)}
    table = scores({variant: ([0.5, 0.6], [0.4, 0.5]) for variant in settings})
    both = pd.concat([table, table.assign(dataset="more")], ignore_index=True)
    figure = plot_sweep(sweep_table(both, settings, "accuracy"), ["kappa", "kind"], "accuracy")
    panels = figure.axes
    assert len(panels) == 4 and panels[0].get_xscale() == "log"


def test_of_two_settings_each_value_of_one_has_a_line_and_none_is_a_value():
    settings = {
        f"mine_{i}": {"kappa": kappa, "kind": kind}
        for i, (kappa, kind) in enumerate([(1, None), (100, None), (1, "x/y"), (100, "x/y")])
    }
    table = scores({variant: ([0.5, 0.6], [0.4, i / 10]) for i, variant in enumerate(settings)})
    figure = plot_sweep(sweep_table(table, settings, "accuracy"), ["kappa", "kind"], "accuracy")
    by_kappa, by_kind = figure.axes
    drawn = [line.get_ydata() for line in by_kappa.lines if line.get_linestyle() == "-"]
    np.testing.assert_allclose(drawn, [[0.2, 0.25], [0.3, 0.35]])
    assert [tick.get_text() for tick in by_kind.get_xticklabels()] == ["none", "y"]


def test_a_sweep_may_begin_from_other_runs_and_a_wrong_one_is_named():
    models = copy.deepcopy(MODELS)
    models["walker"]["settings"]["start_from"] = {"type": ["string", "null"], "default": None}
    sweep = BASE | {"grid": {"start_from": [None, "more/walker/wide"]}}
    assert len(add_sweeps({"mine": sweep}, DATASETS, models)["mine"]) == 2
    wrong = BASE | {"grid": {"start_from": ["more/walker/wider"]}}
    with pytest.raises(ValueError, match=r"sweeps.other: start_from .*'wider'"):
        add_sweeps({"other": wrong}, DATASETS, models)


def test_the_summary_holds_the_mean_over_seeds_with_its_interval():
    table = scores({"mine_0": ([0.6, 0.8], [0.1, 0.3]), "mine_1": ([0.5, 0.5], [0.9, 0.9])})
    chosen = sweep_table(table, {"mine_0": {"kappa": 1}, "mine_1": {"kappa": None}}, "accuracy")
    summary = summarise_sweeps({"mine": chosen, "again": chosen})
    assert len(summary) == 2 * 4 and set(summary["sweep"]) == {"mine", "again"}
    row = summary[(summary["settings"] == "kappa=1") & (summary["split"] == "test")].iloc[0]
    # Student's t with one degree of freedom: 12.706 times 0.1, the standard error.
    assert [row["mean"], row["low"], row["high"]] == pytest.approx([0.2, -1.0706, 1.4706], abs=1e-4)
    assert row["seeds"] == 2 and row["chosen"]
    assert set(summary["settings"]) == {"kappa=1", "kappa=none"}


def test_run_times_come_from_the_last_line_of_each_benchmark(tmp_path):
    lines = {"train/toy/a/seed0": [3.0, 5.0], "train/toy/a/seed1": [7.0], "report": [1.0]}
    for name, seconds in lines.items():
        path = tmp_path / f"{name}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f'{{"s": {s}, "cpu_time": 1, "max_rss": "NA"}}\n' for s in seconds))
    jobs = run_times(tmp_path).set_index(["stage", "job"])["seconds"].to_dict()
    assert jobs == {("train", "toy/a/seed0"): 5, ("train", "toy/a/seed1"): 7, ("report", ""): 1}
    stages = stage_times(run_times(tmp_path)).set_index("stage")
    assert stages.loc["train", ["jobs", "total", "longest"]].tolist() == [2, 12, 7]
    (tmp_path / "report.jsonl").write_text("no benchmark")
    with pytest.raises(InputError, match=r"report.jsonl is not a benchmark"):
        run_times(tmp_path)
