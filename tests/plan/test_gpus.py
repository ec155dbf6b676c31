"""Which trainings ask for a GPU: known sums, what more work does, and who has the last word."""

import json

import pytest

from model_settings import cards
from morphoflow.plan.gpus import (
    CORES_PER_GPU,
    MS_PER_KERNEL,
    chosen,
    costs_of,
    gpus_for_training,
    training_hours,
)
from places import ROOT

COSTS = {"core_us": 1.0, "kernels": 1000}
SETTINGS = {"epochs": 100, "batch_size": 10}
MEASURED = json.loads((ROOT / "resources/benchmarks/device_costs.json").read_text())


def test_hours_are_steps_times_what_a_step_costs():
    # 100 epochs of 4 steps, each of 10 objects of 9,000 numbers: 90 ms of a core.
    core, gpu = training_hours(COSTS, SETTINGS, [36, 9000])
    assert core == pytest.approx(400 * 90 / 3.6e6)
    assert gpu == pytest.approx(400 * 1000 * MS_PER_KERNEL / 3.6e6)
    # Long kernels: what is computed counts, not how many they are.
    core, gpu = training_hours(COSTS | {"kernels": 1}, SETTINGS, [36, 9000])
    assert gpu == pytest.approx(core / CORES_PER_GPU)


def test_a_model_that_draws_its_own_images_is_measured_by_them():
    settings = SETTINGS | {"epoch_images": 360}
    assert training_hours(COSTS, settings, [5, 9000]) == training_hours(
        COSTS, SETTINGS, [360, 9000]
    )


def test_more_objects_ask_for_a_gpu_from_some_number_on():
    asked = [gpus_for_training(COSTS, SETTINGS, [2**k, 9000]) for k in range(20)]
    assert asked == sorted(asked) and {*asked} == {0, 1}


def test_small_steps_never_ask_for_a_gpu_however_many_they_are():
    assert gpus_for_training(COSTS, SETTINGS, [10**8, 1000]) == 0


@pytest.mark.parametrize(
    ("settings", "shape"), [({"epochs": 0}, [10**6, 9000]), ({}, [0]), ({"epoch_images": 800}, [0])]
)
def test_what_is_not_trained_or_not_there_asks_for_none(settings, shape):
    assert gpus_for_training(COSTS, SETTINGS | settings, shape) == 0


def test_a_model_whose_costs_are_unknown_asks_for_one_unless_it_is_not_trained():
    assert gpus_for_training(None, SETTINGS, [10, 9]) == 1
    assert gpus_for_training(None, SETTINGS | {"epochs": 0}, [10, 9]) == 0


@pytest.mark.parametrize("shape", [[0], [10**6, 9000]])
def test_a_choice_comes_before_the_estimate(shape):
    choices = {"cpu": 0, "gpu": 1}
    found = {each: gpus_for_training(COSTS, SETTINGS, shape, each) for each in choices}
    assert found == choices


def test_the_first_who_chooses_has_the_last_word():
    assert chosen("auto", "cpu", "gpu") == "cpu"
    assert chosen(None, "auto", "gpu") == "gpu"
    assert chosen(None, "auto", "auto") == "auto"


@pytest.mark.parametrize("name", MEASURED["core_us"])
def test_a_card_says_what_was_measured(name):
    model, variant = name.split()
    said = cards()[model]["costs"][variant]
    assert said["core_us"] == MEASURED["core_us"][name]
    assert said["kernels"] == MEASURED["kernels"][name]


def test_every_trained_model_says_what_it_costs_and_so_do_all_its_variants():
    for card in cards().values():
        if card["trained"]:
            assert costs_of(card["costs"], "of my own") == card["costs"]["default"]
