"""The published encoder equals e2cnn's, its features are invariant, and it behaves as a module."""

import copy
import io
import subprocess
import sys

import pytest
import torch

from model_settings import settings
from morphoflow.models.o2vae.convolution import SteerableConv2d
from morphoflow.models.o2vae.e2cnn_compat import e2nn
from morphoflow.models.o2vae.encoder import FieldPool, O2Encoder, head, representations
from places import SCRIPTS
from published_o2_encoder import ReferenceEncoder

FIELDS = settings("o2vae", "published")["fields"]
SMALL = [2, 2, 3, 2, 2, 8]
ELEMENTS = [(flip, turns) for flip in (False, True) for turns in range(4)]


def make(pooling="max", channels=1, size=32, fields=SMALL, seed=0):
    # Fewer fields than the card allows, for speed.
    chosen = settings("o2vae", "published") | {"fields": fields, "pooling": pooling}
    return O2Encoder(channels, size, chosen, torch.Generator().manual_seed(seed))


def noise(*shape, seed=1):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def masks(size=32):
    x = torch.zeros(3, 1, size, size)
    x[0, :, 8:20, 10:25] = 1
    x[1, :, 3:28, 14:17] = 1
    x[2, 0] = torch.ones(size, size).triu(4).tril(14)
    return x


def moved(x, flip, turns):
    return (x.flip(3) if flip else x).rot90(turns, (2, 3))


def worst_change(encoder, x):
    """The largest relative change of the features under flips and turns by 90 degrees."""
    with torch.no_grad():
        still = encoder(x)
        changes = [encoder(moved(x, *element)) - still for element in ELEMENTS]
    return max(float((c.norm(dim=1) / still.norm(dim=1)).max()) for c in changes)


@pytest.mark.parametrize(("latent", "expected"), [(64, 169_504), (512, 227_744)])
def test_the_published_numbers_of_parameters(latent, expected):
    encoder = make(fields=FIELDS)
    parts = torch.nn.ModuleList([encoder, head(encoder.n_features, 2 * latent, torch.Generator())])
    assert encoder.n_features == 24
    assert sum(p.numel() for p in parts.parameters()) == expected


@pytest.mark.parametrize(("channels", "size"), [(1, 32), (3, 36)])
def test_it_equals_the_modules_of_e2cnn_in_training(channels, size):
    encoder, reference = pair(channels, size, SMALL)
    for seed in range(3):
        x = noise(2, channels, size, size, seed=seed)
        found, expected = encoder(x), reference(x)
        assert relative(found, expected) < 1e-5
    found.square().sum().backward()
    expected.square().sum().backward()
    ours, theirs = (sorted(norms(model.parameters())) for model in (encoder, reference))
    assert ours == pytest.approx(theirs, rel=1e-3, abs=1e-3 * max(theirs))


def test_it_equals_the_modules_of_e2cnn_in_evaluation():
    encoder, reference = pair(1, 32, FIELDS)
    x = noise(6, 1, 32, 32)
    encoder(x)
    reference.take(encoder)
    encoder.eval(), reference.eval()
    with torch.no_grad():
        found, expected = encoder(x), reference(x)
    # Where two vectors of a window are as long but for rounding, either may be the one that stays.
    errors = ((found - expected).norm(dim=1) / expected.norm(dim=1)).sort().values
    assert errors[3] < 1e-5 and errors[-1] < 1e-2


def pair(channels, size, fields):
    encoder = make("first", channels, size, fields)
    reference = ReferenceEncoder(channels, fields)
    reference.take(encoder)
    return encoder, reference


def norms(parameters):
    return [float(p.grad.norm()) for p in parameters]


def relative(found, expected):
    return float(((found - expected).norm() / expected.norm()).detach())


@pytest.mark.parametrize("pooling", ["max", "blurred"])
@pytest.mark.parametrize("size", [32, 33, 38])
def test_features_do_not_change_under_flips_and_quarter_turns(pooling, size):
    encoder = make(pooling, size=size)
    encoder(noise(8, 1, size, size))
    encoder.eval()
    assert worst_change(encoder, noise(3, 1, size, size, seed=2)) < 1e-5
    assert worst_change(encoder, masks(size)) < 1e-5


def test_the_first_of_equal_vectors_breaks_the_symmetry_of_flat_masks_as_published():
    encoder = make("first", fields=FIELDS)
    encoder(noise(8, 1, 32, 32))
    encoder.eval()
    assert 1e-4 < worst_change(encoder, masks()) < 2e-2


@pytest.mark.parametrize("pooling", ["max", "blurred"])
def test_every_layer_is_equivariant(pooling):
    encoder = make(pooling)
    encoder(noise(8, 1, 32, 32))
    encoder.eval()
    space = representations()[0]
    images = e2nn.FieldType(space, [space.trivial_repr])
    still, elements = noise(2, 1, 32, 32), [(1, 0.0), (0, torch.pi / 2), (1, torch.pi)]
    states = [still, *(e2nn.GeometricTensor(still, images).transform(g).tensor for g in elements)]
    with torch.no_grad():
        for layer, n in zip(encoder.layers, fields_of(encoder), strict=True):
            states = [layer(x) for x in states]
            kind = field_type(n, gates=isinstance(layer, SteerableConv2d))
            expected = e2nn.GeometricTensor(states[0], kind)
            scale = float(states[0].abs().max())
            for g, found in zip(elements, states[1:], strict=True):
                change = found - expected.transform(g).tensor
                assert float(change.abs().max()) < 1e-5 * scale, (layer, g)


def fields_of(encoder):
    """The number of fields after each layer."""
    numbers, n = [], iter([*SMALL[:-1], encoder.n_last])
    for layer in encoder.layers:
        numbers.append(next(n) if isinstance(layer, SteerableConv2d) else numbers[-1])
    return numbers


def field_type(n, gates):
    space, trivial, vectors = representations()
    pairs = [trivial] * n * (4 if gates else 1)
    return e2nn.FieldType(space, [*pairs, *(v for v in vectors for _ in range(n))])


def test_vectors_of_equal_length_are_averaged():
    encoder = make("max")
    pool = next(layer for layer in encoder.layers if isinstance(layer, FieldPool))
    x = torch.zeros(1, pool.n_trivial + 4, 2, 2)
    x[0, -4, 0, 0], x[0, -3, 0, 1], x[0, -2, 1, 1] = 2.0, -2.0, 1.0
    assert pool(x)[0, -4:, 0, 0].tolist() == [1.0, -1.0, 0.0, 0.0]
    pool.pooling = "first"
    assert pool(x)[0, -4:, 0, 0].tolist() == [2.0, 0.0, 0.0, 0.0]


def test_weights_come_from_the_generator_alone():
    torch.manual_seed(5)
    state = torch.get_rng_state()
    first, again, other = make(), make(), make(seed=1)
    head(24, 8, torch.Generator())
    assert torch.equal(torch.get_rng_state(), state)
    for a, b, c in zip(first.parameters(), again.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b) and (torch.equal(a, c) == (a.std() == 0))


def test_another_process_makes_the_same_bytes():
    code = (
        "import torch; from morphoflow.models.o2vae.encoder import O2Encoder;"
        f"settings = {{'fields': {SMALL}, 'pooling': 'max'}};"
        "encoder = O2Encoder(1, 32, settings, torch.Generator().manual_seed(0));"
        "tensors = [*encoder.parameters(), *encoder.buffers()];"
        "data = b''.join(t.detach().numpy().tobytes() for t in tensors);"
        "import sys; sys.stdout.buffer.write(data)"
    )
    environment = {"PYTHONPATH": str(SCRIPTS), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, env=environment, check=True)
    encoder = make()
    tensors = [*encoder.parameters(), *encoder.buffers()]
    assert done.stdout == b"".join(t.detach().numpy().tobytes() for t in tensors)


def test_state_survives_file_copy_and_change_of_mode():
    encoder, other = make(), make(seed=1).eval()
    encoder(noise(4, 1, 32, 32))
    file = io.BytesIO()
    torch.save(encoder.state_dict(), file)
    file.seek(0)
    other.load_state_dict(torch.load(file, weights_only=True))
    x = noise(2, 1, 32, 32, seed=3)
    with torch.no_grad():
        expected = encoder.eval()(x)
        assert torch.equal(other(x), expected)
        assert torch.equal(copy.deepcopy(encoder)(x), expected)


def test_models_share_no_memory_and_buffers_are_whole():
    first, second = make(), make()
    pointers = [{t.data_ptr() for t in m.buffers()} for m in (first, second)]
    assert not pointers[0] & pointers[1]
    assert all(t.is_contiguous() for t in first.buffers())
    first.double()
    assert all(t.dtype != torch.float64 for t in second.buffers())


def test_it_runs_in_other_precisions():
    encoder = make(fields=FIELDS)
    encoder(noise(8, 1, 32, 32))
    encoder.eval()
    x = noise(2, 1, 32, 32, seed=3)
    expected = encoder(x)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert relative(encoder(x).float(), expected) < 0.1
        encoder.train()(x).float().sum().backward()
        encoder.eval()
    assert all(p.grad.isfinite().all() and p.grad.dtype == p.dtype for p in encoder.parameters())
    found = copy.deepcopy(encoder).double()(x.double())
    assert found.dtype == torch.float64 and relative(encoder(x), found) < 1e-5
