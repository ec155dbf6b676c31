"""What learners of one network share: the course of the learning rate, and means over parts."""

import pytest
import torch

from morphoflow.models.shared.learner import OneNetworkLearner, mean_scores, rise_and_fall


def test_a_rate_rises_evenly_to_its_base_and_falls_with_half_a_cosine():
    settings = {"epochs": 12, "warmup": 1 / 3}
    factors = [rise_and_fall(epoch, settings) for epoch in range(12)]
    assert [rise for rise, _ in factors] == [0.25, 0.5, 0.75] + [1] * 9
    falls = [fall for _, fall in factors]
    assert falls[:5] == [1] * 5 and falls[8] == pytest.approx(0.5)
    assert all(falls[4 + k] + falls[12 - k] == pytest.approx(1) for k in range(1, 5))


def test_without_a_warm_up_or_epochs_no_rate_is_undefined():
    assert rise_and_fall(0, {"epochs": 1, "warmup": 0}) == (1, 1)
    assert rise_and_fall(0, {"epochs": 0, "warmup": 1}) == (1, 1)


def test_means_over_parts_count_each_object_once():
    values = torch.arange(7.0)
    parts = [({"loss": part.mean()}, len(part)) for part in values.split(3)]
    assert mean_scores(parts) == {"loss": 3}


def test_a_learner_has_adam_unless_it_brings_an_optimiser():
    network, settings = torch.nn.Linear(2, 2), {"learning_rate": 0.5, "batch_size": 4}
    data = torch.zeros(6, 2), torch.zeros(3, 2)
    learner = OneNetworkLearner(network, *data, settings, {})
    assert learner.n_train == 6 and learner.optimizer.param_groups[0]["lr"] == 0.5
    sgd = torch.optim.SGD(network.parameters(), lr=0.1)
    own = OneNetworkLearner(network, *data, settings, {}, {"sgd": sgd})
    assert own.optimizer is sgd and own.optimizers == {"sgd": sgd}
