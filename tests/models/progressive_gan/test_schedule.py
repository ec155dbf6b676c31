"""Growth, fade-in and learning rate of the progressive GAN: published values, and laws."""

from dataclasses import asdict, replace

import pytest

from morphoflow.errors import InputError
from morphoflow.models.progressive_gan.schedule import PublishedSchedule, Schedule

PUBLISHED = PublishedSchedule(stages=6, epochs=150_000, epoch_steps=2, base_rate=1e-4)
OWN = Schedule(
    stages=4, epochs=22, epoch_steps=7, base_rate=1e-3, final_rate=1e-4, fade=0.5, decay=0.3
)
BOTH = [OWN, PublishedSchedule(**asdict(OWN))]


def first_step(epoch):
    """The first step of one of the published epochs, which count from 1."""
    return 2 * (epoch - 1)


@pytest.mark.parametrize(
    ("epoch", "rate"),
    {
        1: 1e-4,
        1000: 6.92e-5,
        5000: 1.59e-5,
        10_000: 2.51e-6,
        12_501: 1e-6,
        20_000: 1e-6,
        25_000: 1e-6,
        25_001: 1e-4,
        135_000: 2.51e-6,
        150_000: 1e-6,
    }.items(),
)
def test_the_published_learning_rates(epoch, rate):
    assert PUBLISHED.learning_rate(first_step(epoch)) == pytest.approx(rate, rel=4e-3)


@pytest.mark.parametrize(
    ("epoch", "size", "alpha"),
    [
        (1, 16, 1),
        (24_999, 16, 1),
        (25_000, 32, 0),
        (25_001, 32, 1e-4),
        (30_000, 32, 0.5),
        (34_999, 32, 0.9999),
        (35_000, 32, 1),
        (49_999, 32, 1),
        (50_000, 64, 0),
        (75_000, 128, 0),
        (100_000, 256, 0),
        (125_000, 512, 0),
        (150_000, 512, 1),
    ],
)
def test_the_published_growth(epoch, size, alpha):
    for step in (first_step(epoch), first_step(epoch) + 1):
        assert PUBLISHED.size(step) == size
        assert PUBLISHED.alpha(step) == pytest.approx(alpha, abs=1e-9)


def test_half_of_the_published_steps_have_a_hundredth_of_the_rate():
    steps = range(0, PUBLISHED.steps, 10)
    low = sum(PUBLISHED.learning_rate(step) < 1.0001e-6 for step in steps)
    assert PUBLISHED.steps == 300_000
    assert low / len(steps) == pytest.approx(0.5, abs=1e-3)


def test_the_published_schedule_keeps_its_shape_at_any_length():
    short = replace(PUBLISHED, epochs=1500, epoch_steps=7)
    for epoch in range(0, 1500, 13):
        there = first_step(100 * (epoch + 1))
        assert short.stage(7 * epoch) == PUBLISHED.stage(there)
        assert short.alpha(7 * epoch) == pytest.approx(PUBLISHED.alpha(there))


@pytest.mark.parametrize("schedule", BOTH)
def test_stages_come_in_order_and_change_only_where_an_epoch_begins(schedule):
    stages = [schedule.stage(step) for step in range(schedule.steps)]
    changes = [i for i in range(1, len(stages)) if stages[i] != stages[i - 1]]
    assert stages[0] == 0
    assert [stages[i] for i in changes] == [1, 2, 3]
    assert all(i % schedule.epoch_steps == 0 for i in changes)
    lengths = [stages.count(stage) / schedule.epoch_steps for stage in range(4)]
    assert max(lengths) - min(lengths) <= 1 + 2 * schedule.early


@pytest.mark.parametrize("schedule", BOTH)
def test_each_stage_fades_in_from_0_and_is_whole_in_its_second_half(schedule):
    for stage in range(4):
        steps = [step for step in range(schedule.steps) if schedule.stage(step) == stage]
        alphas = [schedule.alpha(step) for step in steps]
        assert alphas == sorted(alphas)
        assert alphas[0] == (stage == 0)
        assert set(alphas[len(alphas) // 2 + schedule.epoch_steps :]) == {1.0}


@pytest.mark.parametrize("grown", [1, 2, 3])
@pytest.mark.parametrize("schedule", BOTH)
def test_grown_networks_begin_whole_at_their_size_and_go_on_as_others_do(schedule, grown):
    later = replace(schedule, grown=grown)
    short = replace(schedule, stages=4 - grown)
    for step in range(later.steps):
        assert later.size(step) == short.size(step) << grown
        assert later.alpha(step) == short.alpha(step)
        assert later.learning_rate(step) == short.learning_rate(step)


def test_the_rate_is_held_until_the_last_stage_is_whole_and_falls_at_the_end_alone():
    rates = [OWN.learning_rate(step) for step in range(OWN.steps)]
    fading = [step for step in range(OWN.steps) if OWN.alpha(step) < 1]
    assert rates[: fading[-1] + 1] == [1e-3] * (fading[-1] + 1)
    assert rates == sorted(rates, reverse=True)
    last = [rate for step, rate in enumerate(rates) if OWN.stage(step) == 3]
    assert sum(rate < 1e-3 for rate in last) == pytest.approx(0.3 * len(last), abs=1)
    assert rates[-1] == pytest.approx(1e-4, rel=0.2)
    assert OWN.learning_rate(OWN.steps) == pytest.approx(1e-4)


def test_without_decay_the_rate_never_falls():
    held = replace(OWN, decay=0.0)
    assert {held.learning_rate(step) for step in range(held.steps)} == {1e-3}


def test_the_smallest_images_have_one_whole_stage():
    schedule = replace(OWN, stages=1, fade=0.9)
    seen = {(schedule.size(step), schedule.alpha(step)) for step in range(schedule.steps)}
    assert seen == {(16, 1.0)}


@pytest.mark.parametrize("schedule", BOTH)
def test_no_epochs_are_no_steps(schedule):
    none = replace(schedule, epochs=0)
    assert (none.steps, none.stage(0), none.alpha(0)) == (0, 0, 1.0)
    assert none.learning_rate(0) == 1e-3


@pytest.mark.parametrize(
    ("schedule", "changes", "words"),
    [
        (OWN, {"epochs": 3}, "epochs is 3, but images of 128 pixels take 4 stages"),
        (BOTH[1], {"epochs": 7}, "set epochs to 8 or more"),
        (OWN, {"decay": 0.6}, "decay is 0.6 and fade is 0.5"),
    ],
)
def test_what_cannot_be_is_said(schedule, changes, words):
    with pytest.raises(InputError, match=words):
        replace(schedule, **changes)


def test_settings_that_the_published_schedule_does_not_read_stop_nothing():
    assert replace(BOTH[1], decay=0.6, fade=0.9).learning_rate(0) == OWN.base_rate


@pytest.mark.parametrize("schedule", BOTH)
def test_the_fewest_epochs_show_every_stage(schedule):
    fewest = replace(schedule, epochs=4 * (1 + schedule.early))
    assert {fewest.stage(step) for step in range(fewest.steps)} == set(range(4))
