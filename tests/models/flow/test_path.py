"""The way from noise to an image: mixing, times, loss, and how steps follow it."""

from itertools import pairwise

import pytest
import torch

from morphoflow.models.flow.path import followed, mixed, stops, times_of, velocity_loss

X, NOISE = torch.randn(2, 3, 1, 4, 4, generator=torch.Generator().manual_seed(0))


def end(predict, noise, steps):
    return list(followed(predict, noise, steps))[-1]


def test_a_way_is_straight_from_the_noise_to_the_image():
    time = torch.tensor([0.0, 0.25, 1.0])
    z = mixed(X, NOISE, time)
    assert torch.equal(z[0], NOISE[0]) and torch.equal(z[2], X[2])
    torch.testing.assert_close(z[1], 0.25 * X[1] + 0.75 * NOISE[1])


def test_times_lie_within_the_way_and_their_median_is_past_its_middle():
    time = times_of(torch.linspace(-6, 6, 101))
    assert (time > 0).all() and (time < 1).all() and (time.diff() > 0).all()
    assert float(time[50]) == pytest.approx(0.5498, abs=1e-4)


def test_the_loss_is_the_squared_error_of_the_velocity():
    time, predicted = torch.tensor([0.1, 0.5, 0.8]), X + 0.3 * NOISE
    z = mixed(X, NOISE, time)
    left = (1 - time)[:, None, None, None]
    error = (predicted - z) / left - (X - NOISE)
    torch.testing.assert_close(
        velocity_loss(predicted, X, time), error.square().mean((1, 2, 3)), rtol=1e-4, atol=1e-5
    )
    late = velocity_loss(predicted, X, torch.tensor([0.95, 0.99, 1.0]))
    assert torch.isfinite(late).all()
    torch.testing.assert_close(late[0] / late[0], late[2] / late[2])


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_one_image_is_reached_by_any_number_of_steps_in_a_straight_line(steps):
    points = list(followed(lambda z, time: X, NOISE, steps))
    assert len(points) == steps
    for time, point in zip(stops(steps)[1:], points, strict=True):
        time = torch.full((3,), time)
        torch.testing.assert_close(point, mixed(X, NOISE, time), rtol=1e-5, atol=1e-6)


def test_a_velocity_that_grows_evenly_with_time_is_followed_exactly():
    # The velocity 2 t of a prediction z + (1 - t) 2 t: after the time t the way gone is t^2.
    def predict(z, time):
        left = (1 - time)[:, None, None, None]
        return z + left * 2 * time[:, None, None, None]

    *points, _ = followed(predict, NOISE, 4)
    for time, point in zip(stops(4)[1:-1], points, strict=True):
        torch.testing.assert_close(point, NOISE + time**2)


def test_steps_shorten_evenly_from_the_noise_to_the_image():
    times = stops(5)
    assert times[0] == 0 and times[-1] == 1
    lengths = torch.tensor(times, dtype=torch.float64).diff()
    torch.testing.assert_close(lengths, torch.tensor([9, 7, 5, 3, 1]).double() / 25)


def test_the_error_falls_with_the_square_of_the_steps():
    """Of normal images with mean .5 and sd .2 the best prediction is known, and so is the end."""
    mean, sd = 0.5, 0.2

    def predict(z, time):
        t = time[:, None, None, None].double()
        gain = t * sd**2 / (t**2 * sd**2 + (1 - t) ** 2)
        return mean + gain * (z - t * mean)

    noise = NOISE.double()
    errors = [
        float((end(predict, noise, steps) - (mean + sd * noise)).abs().max())
        for steps in (16, 32, 64)
    ]
    assert errors[0] < 0.05
    assert all(3 < one / two < 5.5 for one, two in pairwise(errors))
