"""The training loop: stopped anywhere it gives the same bytes, and it keeps its promises."""

import math
import signal

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from morphoflow.errors import InputError
from morphoflow.training.checkpoint import CURRENT, PREVIOUS
from morphoflow.training.fabric import make_fabric
from morphoflow.training.loop import fit
from training_toy import BATCH, N_TRAIN, SEED, Toy, digest

EPOCHS = 4
STEPS = math.ceil(N_TRAIN / BATCH)


class Scripted:
    """A learner whose losses are given: ``losses`` by step, ``validation`` by epoch."""

    def __init__(self, losses=(), validation=(), n_train=20):
        self.facts, self.n_train, self.batch_size = {}, n_train, 8
        self.modules = {"net": torch.nn.Linear(1, 1)}
        self.optimizers = {"sgd": torch.optim.SGD(self.modules["net"].parameters(), lr=0.1)}
        self.losses, self.validation = iter(losses), iter(validation)
        self.validated = 0

    def start_epoch(self, epoch):
        pass

    def step(self, indices, generator, fabric):
        return {"loss": torch.tensor(next(self.losses, 1.0))}

    def validate(self):
        self.validated += 1
        return {"loss": next(self.validation, 1.0)}

    def state(self):
        return {"validated": torch.tensor(self.validated)}


@pytest.fixture(scope="module")
def fabric():
    return make_fabric(gpus=0, precision="32-true", threads=1)


@pytest.fixture
def train(fabric, tmp_path):
    """Train in a folder of the test, with the defaults of these tests."""

    def train(learner, epochs=EPOCHS, patience=0, seed=SEED, **options):
        folder = options.pop("checkpoint", tmp_path / "checkpoint")
        return fit(
            learner,
            epochs=epochs,
            patience=patience,
            seed=seed,
            fabric=fabric,
            checkpoint=folder,
            **options,
        )

    return train


@pytest.fixture(scope="module")
def reference(fabric, tmp_path_factory):
    """The result of a run that was never stopped."""
    folder = tmp_path_factory.mktemp("reference")
    return digest(
        fit(Toy(), epochs=EPOCHS, patience=0, seed=SEED, fabric=fabric, checkpoint=folder)
    )


def stop_at(step, number=signal.SIGTERM):
    def on_step(begun):
        if begun == step:
            signal.raise_signal(number)

    return on_step


def stopped(train, step, number=signal.SIGTERM, **options):
    """Run until a signal arrives in the course of the given step; the exit code."""
    with pytest.raises(SystemExit) as ended:
        train(Toy(on_step=stop_at(step, number)), **options)
    return ended.value.code


@pytest.mark.parametrize("step", [1, 3, STEPS, STEPS + 1, 2 * STEPS + 5, EPOCHS * STEPS])
def test_a_run_stopped_in_any_step_resumes_to_equal_bytes(train, reference, step):
    assert stopped(train, step) == 143
    learner = Toy()
    assert digest(train(learner)) == reference
    assert learner.begun == EPOCHS * STEPS - step


def test_a_run_stopped_again_and_again_resumes_to_equal_bytes(train, reference):
    for _ in range((EPOCHS * STEPS - 1) // 5):
        stopped(train, 5)
    assert digest(train(Toy())) == reference


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGUSR1, 138)])
def test_each_signal_saves_and_has_its_exit_code(train, number, code, tmp_path):
    before = signal.getsignal(number)
    assert stopped(train, 2, number) == code
    assert (tmp_path / "checkpoint" / CURRENT).exists()
    assert signal.getsignal(number) is before


def test_a_second_interrupt_from_the_keyboard_stops_at_once(train):
    def impatient(begun):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train(Toy(on_step=impatient))


def test_how_often_checkpoints_are_written_changes_nothing(train, reference):
    assert digest(train(Toy(), seconds=0.0)) == reference


def test_seed_decides_order_and_noise(train, reference):
    other = digest(train(Toy(), seed=SEED + 1))
    assert other["last"] != reference["last"]


def damage(path, how):
    data = path.read_bytes()
    if how == "truncated":
        path.write_bytes(data[: len(data) // 2])
    elif how == "empty":
        path.write_bytes(b"")
    else:
        middle = len(data) // 2
        path.write_bytes(data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :])


@pytest.mark.parametrize("how", ["truncated", "empty", "one bit"])
@pytest.mark.parametrize("names", [[CURRENT], [CURRENT, PREVIOUS]])
def test_a_damaged_checkpoint_is_named_and_passed_over(
    train, reference, tmp_path, capsys, how, names
):
    stopped(train, 12, seconds=0.0)
    for name in names:
        damage(tmp_path / "checkpoint" / name, how)
    learner = Toy()
    assert digest(train(learner)) == reference
    # The previous checkpoint was written one step earlier.
    assert learner.begun == EPOCHS * STEPS - (11 if names == [CURRENT] else 0)
    said = capsys.readouterr().err
    assert all(f"{name} is ignored: it is truncated or damaged" in said for name in names)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"seed": SEED + 1}, "seed"),
        ({"epochs": EPOCHS + 1}, "epochs"),
        ({"patience": 3}, "patience"),
    ],
)
def test_a_checkpoint_of_another_run_is_not_resumed(train, capsys, change, named):
    stopped(train, 10)
    learner = Toy()
    history = train(learner, **change).history
    assert learner.begun == history["step"].iloc[-1]
    assert f"it was made with {named}" in capsys.readouterr().err


def test_a_checkpoint_of_another_network_is_not_resumed(train, capsys):
    stopped(train, 10)
    learner = Toy(plain=True)
    train(learner)
    assert learner.begun == EPOCHS * STEPS
    assert "it was made with weights" in capsys.readouterr().err


def test_a_finished_run_is_not_repeated_until_it_is_said_to_be_safe(train, reference, tmp_path):
    train(Toy())
    learner = Toy()
    again = train(learner)
    assert digest(again) == reference
    assert learner.begun == 0
    again.finish()
    assert not (tmp_path / "checkpoint").exists()


def test_each_epoch_takes_every_item_once_in_another_order(train):
    learner = Toy()
    train(learner)
    seen = np.concatenate(learner.seen).reshape(EPOCHS, N_TRAIN)
    assert (np.sort(seen, axis=1) == np.arange(N_TRAIN)).all()
    assert len(np.unique(seen, axis=0)) == EPOCHS
    assert [len(batch) for batch in learner.seen[:STEPS]] == [BATCH] * (STEPS - 1) + [4]


def test_modules_are_in_training_mode_for_steps_and_in_evaluation_mode_for_validation(train):
    class Watched(Scripted):
        def step(self, indices, generator, fabric):
            assert self.modules["net"].training and torch.is_grad_enabled()
            return super().step(indices, generator, fabric)

        def validate(self):
            assert not self.modules["net"].training and not torch.is_grad_enabled()
            return super().validate()

    assert len(train(Watched(), epochs=2).history) == 2


def test_train_metrics_are_means_over_items(train):
    losses = [1.0, 2.0, 6.0]  # batches of 8, 8 and 4 items
    history = train(Scripted(losses=losses), epochs=1).history
    assert history["train_loss"].item() == (8 * 1 + 8 * 2 + 4 * 6) / 20


def test_the_best_weights_are_those_of_the_first_smallest_validation_loss(train):
    fitted = train(Scripted(validation=[3.0, 2.0, 4.0, 2.0, 5.0]), epochs=5)
    assert fitted.best_epoch == 2
    assert (int(fitted.best["validated"]), int(fitted.last["validated"])) == (2, 5)
    assert fitted.history["best"].tolist() == [True, True, False, False, False]


@pytest.mark.parametrize(("patience", "epochs"), [(0, 8), (1, 3), (2, 7), (3, 8)])
def test_patience_counts_epochs_in_a_row_without_a_better_one(train, patience, epochs):
    validation = [3.0, 2.0, 4.0, 1.0, 0.5, 0.6, 0.7, 0.8]
    assert (
        len(train(Scripted(validation=validation), epochs=8, patience=patience).history) == epochs
    )


def test_without_epochs_the_weights_are_untrained_and_the_history_is_empty(train, tmp_path):
    learner = Toy()
    fitted = train(learner, epochs=0)
    assert fitted.best_epoch == 0 and learner.begun == 0 and len(fitted.history) == 0
    assert torch.equal(fitted.best["head.weight"], Toy().modules["head"].weight)
    full = train(Toy(), epochs=1, checkpoint=tmp_path / "full").history
    assert full.dtypes[fitted.history.columns].equals(fitted.history.dtypes)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_training_loss_that_is_not_finite_names_epoch_and_step(train, value, tmp_path):
    losses = [1.0] * 4 + [value] + [1.0, value]
    with pytest.raises(InputError, match=r"epoch 2, step 5\. Lower the learning rate"):
        train(Scripted(losses=losses), tensorboard=tmp_path / "events")
    assert steps_in(tmp_path / "events", "loss/train") == [3]


def test_a_validation_loss_that_is_not_finite_names_the_epoch(train):
    with pytest.raises(InputError, match="nan after epoch 2, step 6"):
        train(Scripted(validation=[1.0, math.nan]))


def test_no_step_waits_for_the_device(train, monkeypatch):
    fetched = []
    for name in ("item", "tolist", "cpu", "numpy", "__bool__", "__int__", "__float__"):
        original = getattr(torch.Tensor, name)

        def spy(tensor, *arguments, _original=original, _name=name):
            fetched.append(_name)
            return _original(tensor, *arguments)

        monkeypatch.setattr(torch.Tensor, name, spy)
    counts = []
    for n_train in (20, 200):
        fetched.clear()
        train(Scripted(n_train=n_train), epochs=3)
        counts.append(len(fetched))
    assert counts[0] == counts[1] > 0


def test_torchs_default_generator_is_given_back_as_it_was(train):
    before = torch.get_rng_state()
    train(Toy())
    assert torch.equal(torch.get_rng_state(), before)


def steps_in(folder, tag):
    events = EventAccumulator(str(folder))
    events.Reload()
    return [event.step for event in events.Scalars(tag)]


def test_event_files_hold_each_step_once_after_a_resume(train, tmp_path):
    folder = tmp_path / "events"
    stopped(train, 2 * STEPS + 3, tensorboard=folder)
    assert steps_in(folder, "loss/train") == [STEPS, 2 * STEPS]
    history = train(Toy(), tensorboard=folder).history
    assert steps_in(folder, "loss/train") == history["step"].tolist()
    assert steps_in(folder, "learning_rate/body") == steps_in(folder, "bias/validation")
