"""Volumes that are streamed give the batches, and so the training, that they give in memory."""

import threading

import numpy as np
import pytest
import torch

from gpu.cases import OneDevice, first_steps, made
from model_settings import settings
from morphoflow.models.volume_vae import stream
from morphoflow.models.volume_vae.data import CHANNELS, read_volumes
from morphoflow.models.volume_vae.stream import AHEAD, Streamed, in_advance
from morphoflow.training.run import epoch_order, share
from small_volume_vae import blobs_and_rods, store

CPU = torch.device("cpu")
SMALL = {
    "volume_vae": {"widths": [4, 8], "decoder_widths": [8, 4], "latent_size": 4, "batch_size": 5},
    "contrastive": {"widths": [4, 8], "projector_size": 16, "projection_size": 8, "batch_size": 5},
}


def trained(model: str, epochs: int) -> tuple[list[dict], dict]:
    """The history and the weights of a small training."""
    chosen = settings(model, epochs=epochs, **SMALL[model])
    run, average = first_steps(model, chosen, OneDevice(CPU, "32-true"), *made(model))
    while not run.finished:
        for batch in run._remaining_batches():
            run._step(batch, average)
        run._end_epoch()
    return run.progress.rows, run.learner.state()


def streamed(n: int = 12, channels=CHANNELS, seed: int = 3) -> Streamed:
    return Streamed(store(blobs_and_rods(n)), np.arange(n)[::-1].copy(), channels, CPU, seed)


@pytest.mark.parametrize("model", SMALL)
def test_a_streamed_training_has_the_bytes_of_one_in_memory(deterministic, monkeypatch, model):
    rows, weights = trained(model, epochs=2)
    monkeypatch.setattr(stream, "HELD_BYTES", 0)
    streamed_rows, streamed_weights = trained(model, epochs=2)
    assert streamed_rows == rows
    assert all(torch.equal(streamed_weights[name], each) for name, each in weights.items())


def test_the_batches_of_an_epoch_are_those_of_memory_in_its_order():
    volumes, held = streamed(), torch.from_numpy(blobs_and_rods(12))[torch.arange(11, -1, -1)]
    volumes.start_epoch(2, 5)
    for indices in epoch_order(3, 2, 12).split(5):
        assert torch.equal(volumes.batch(indices, 0, 1), held[indices])


def test_a_resumed_epoch_goes_on_with_the_batch_that_is_asked_for():
    volumes = streamed()
    batches = epoch_order(3, 0, 12).split(3)
    volumes.start_epoch(0, 3)
    whole = [volumes.batch(each, 0, 1) for each in batches]
    volumes.start_epoch(0, 3)
    assert all(torch.equal(volumes.batch(batches[k], 0, 1), whole[k]) for k in (2, 3))


@pytest.mark.parametrize("rank", range(4))
def test_each_process_gets_its_share_even_of_a_batch_too_small_for_all(rank):
    volumes, held = streamed(13), torch.from_numpy(blobs_and_rods(13)).flip(0)
    volumes.start_epoch(0, 6)
    for batch in epoch_order(3, 0, 13).split(6):
        part, _ = share(batch, rank, 4)
        assert torch.equal(volumes.batch(part, rank, 4), held[part])


def test_some_of_the_volumes_come_in_the_order_asked_for_with_their_channels():
    volumes = streamed(channels=["mask"])[torch.tensor([7, 2, 9])]
    parts = list(volumes.split(2))
    wanted = blobs_and_rods(12)[::-1][[7, 2, 9]][:, 1:]
    assert [len(part) for part in parts] == [2, 1] and len(volumes) == 3
    assert np.array_equal(torch.cat(parts), wanted)


def test_what_fits_is_held_and_what_does_not_is_streamed(monkeypatch):
    samples, rows = store(blobs_and_rods(4)), np.arange(4)
    monkeypatch.setattr(stream, "HELD_BYTES", 4 * 2 * 16**3)
    assert isinstance(stream.held_or_streamed(samples, rows, CHANNELS, CPU, 0), torch.Tensor)
    monkeypatch.setattr(stream, "HELD_BYTES", 4 * 2 * 16**3 - 1)
    assert isinstance(stream.held_or_streamed(samples, rows, CHANNELS, CPU, 0), Streamed)


def test_volumes_in_memory_are_read_in_parts_that_make_up_the_whole(monkeypatch):
    monkeypatch.setattr("morphoflow.models.volume_vae.data.READ", 3)
    x, rows = blobs_and_rods(10), np.array([9, 0, 4, 4, 7, 2, 1])
    for channels, places in ((["em", "mask"], [0, 1]), (["mask"], [1]), (["mask", "em"], [1, 0])):
        assert np.array_equal(read_volumes(store(x), rows, channels, CPU), x[rows][:, places])


def test_jobs_are_done_in_order_and_no_more_than_a_few_ahead():
    begun, left = [], threading.current_thread()

    def job(k):
        begun.append(k)
        assert threading.current_thread() is not left
        return 10 * k

    for k, result in enumerate(in_advance(job, range(20))):
        assert result == 10 * k
        assert len(begun) <= k + 1 + AHEAD


def test_an_error_while_reading_ahead_is_raised_where_the_result_is_taken():
    results = in_advance(lambda k: 1 // (2 - k), range(5))
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)
