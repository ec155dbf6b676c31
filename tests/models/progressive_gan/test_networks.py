"""Generator and critic of the progressive GAN: growth, what the critic sees, first weights."""

from itertools import pairwise

import pytest
import torch
from torch.nn import functional

from morphoflow.models.progressive_gan.blocks import halved, initialise, repeated
from morphoflow.models.progressive_gan.critic import Critic
from morphoflow.models.progressive_gan.generator import Generator

WIDTHS, LATENT, STAGES = [8, 6, 4, 4], 12, range(4)
PUBLISHED_WIDTHS = [128, 64, 32, 32, 16, 16]
ALPHAS = [0.0, 0.3, 1.0]


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def drawn(network, seed=0):
    initialise(network, seeded(seed))
    return network


def noise(*shape, seed=1):
    return torch.randn(*shape, generator=seeded(seed))


def latents(n=3):
    return noise(n, LATENT)


def images(stage, n=3):
    return noise(n, 1, 16 * 2**stage, 16 * 2**stage).tanh()


@pytest.fixture(params=[False, True], ids=["own", "published"])
def faithful(request):
    return request.param


@pytest.fixture
def generator(faithful):
    return drawn(Generator(LATENT, WIDTHS, faithful=faithful))


@pytest.fixture
def critic(faithful):
    network = drawn(Critic(WIDTHS, faithful=faithful))
    for i, bias in enumerate(p for name, p in network.named_parameters() if "bias" in name):
        bias.data = 0.3 * noise(*bias.shape, seed=i)
    return network


def counted(network):
    return sum(p.numel() for p in network.parameters())


def same(a, b, tolerance=1e-5):
    return bool((a - b).abs().max() <= tolerance * b.abs().max())


def test_the_published_numbers_of_parameters():
    assert counted(Generator(512, PUBLISHED_WIDTHS, faithful=True)) == 17_093_152
    assert counted(Critic(PUBLISHED_WIDTHS, faithful=True)) == 494_273


def test_the_first_layer_no_longer_holds_most_weights():
    generator = Generator(512, PUBLISHED_WIDTHS)
    assert counted(generator) < 2e6
    assert generator.blocks[0].dense.weight.numel() < 0.6 * counted(generator)


def test_shapes_and_range(generator, critic):
    for stage in STAGES:
        x = generator(latents(), stage, torch.tensor(0.5))
        assert x.shape == (3, 1, 16 * 2**stage, 16 * 2**stage)
        assert x.abs().max() <= 1
        assert x.std() > 0.05
        assert critic(x, stage, torch.tensor(0.5)).shape == (3,)
        assert critic.features(x, stage, torch.tensor(0.5)).shape == (3, 8)


def test_a_batch_of_one(generator, critic):
    x = generator(latents(1), 1, torch.tensor(0.5))
    assert torch.isfinite(critic(x, 1, torch.tensor(0.5))).all()


@pytest.mark.parametrize("stage", STAGES)
def test_the_whole_stage_is_the_network_without_fade(generator, critic, stage):
    whole = torch.tensor(1.0)
    assert torch.equal(generator(latents(), stage, whole), generator(latents(), stage))
    assert torch.equal(critic(images(stage), stage, whole), critic(images(stage), stage))


@pytest.mark.parametrize("stage", STAGES[1:])
def test_a_stage_starts_as_the_one_before(generator, critic, stage):
    start = torch.tensor(0.0)
    before = generator(latents(), stage - 1)
    assert same(generator(latents(), stage, start), generator.enlarge(before))
    x = images(stage)
    assert same(critic(x, stage, start), critic(halved(x), stage - 1))


def test_no_score_jumps_when_a_stage_begins():
    generator, critic = drawn(Generator(LATENT, WIDTHS)), drawn(Critic(WIDTHS))
    start = torch.tensor(0.0)
    after = critic(generator(latents(), 2, start), 2, start)
    assert same(after, critic(generator(latents(), 1), 1))


def test_the_fade_is_a_straight_line_in_generated_images(generator):
    ends = [generator(latents(), 2, torch.tensor(alpha)) for alpha in (0.0, 1.0)]
    assert same(generator(latents(), 2, torch.tensor(0.25)), 0.75 * ends[0] + 0.25 * ends[1])


def test_the_fade_is_continuous_in_scores(critic):
    x = images(2)
    scores = [critic(x, 2, torch.tensor(alpha)) for alpha in (0.5, 0.5001, 0.0, 1.0)]
    assert (scores[1] - scores[0]).abs().max() < 0.01 * (scores[3] - scores[2]).abs().max()


def detail(x):
    """What is left of images without the means of their 2 x 2 blocks."""
    return x - repeated(halved(x))


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("alpha", [0.1, 0.5, 1.0])
def test_the_critic_sees_the_finest_octave(stage, alpha):
    x = images(stage).requires_grad_()
    critic = drawn(Critic(WIDTHS))
    (gradient,) = torch.autograd.grad(critic(x, stage, torch.tensor(alpha)).sum(), x)
    assert detail(gradient).norm() > 0.01 * alpha * gradient.norm()


@pytest.mark.parametrize("stage", STAGES[1:])
@pytest.mark.parametrize("alpha", ALPHAS)
def test_the_published_critic_does_not(stage, alpha):
    x = images(stage).requires_grad_()
    critic = drawn(Critic(WIDTHS, faithful=True))
    (gradient,) = torch.autograd.grad(critic(x, stage, torch.tensor(alpha)).sum(), x)
    assert detail(gradient).abs().max() <= 1e-6 * gradient.abs().max()
    assert gradient.abs().max() > 0


def reached(network, score):
    network.zero_grad()
    score.sum().backward()
    return {name for name, p in network.named_parameters() if p.grad is not None}


def test_later_stages_learn_nothing_at_earlier_ones(generator, critic):
    half = torch.tensor(0.5)
    for network, inputs in ((generator, lambda _: latents()), (critic, images)):
        seen = [reached(network, network(inputs(stage), stage, half)) for stage in STAGES]
        for stage, names in enumerate(seen):
            later = {f".{i}." for i in range(stage + 1, 4)}
            grown = [n for n in names if n.startswith(("blocks", "to_image", "from_image"))]
            assert not [n for n in grown if f".{n.split('.')[1]}." in later]
        assert all(f"blocks.{i}." in " ".join(seen[-1]) for i in STAGES)
        assert [len(a) < len(b) for a, b in pairwise(seen)] == [True] * 3


@pytest.mark.parametrize("alpha", ALPHAS)
def test_the_gradient_penalty_has_a_gradient(critic, alpha):
    critic.double()
    x = images(1).double().requires_grad_()

    def penalty():
        score = critic(x, 1, torch.tensor(alpha, dtype=torch.float64)).sum()
        (gradient,) = torch.autograd.grad(score, x, create_graph=True)
        return (gradient.square().sum((1, 2, 3)).sqrt() - 1).square().mean()

    weight = critic.blocks[1].get_parameter(next(iter(dict(critic.blocks[1].named_parameters()))))
    (slope,) = torch.autograd.grad(penalty(), weight, materialize_grads=True)
    direction = noise(*weight.shape).double()
    values = []
    for step in (1e-8, -1e-8):
        weight.data += step * direction
        values.append(float(penalty().detach()))
        weight.data -= step * direction
    measured = (values[0] - values[1]) / 2e-8
    assert float((slope * direction).sum()) == pytest.approx(measured, rel=1e-3, abs=1e-6)


def test_the_features_of_an_image_do_not_depend_on_its_batch(critic):
    x = images(1, 4)
    assert same(critic.features(x, 1)[:1], critic.features(x[:1], 1))


def test_the_score_depends_on_how_much_a_batch_differs():
    critic, x = drawn(Critic(WIDTHS)), images(1, 4)
    copies = x[:1].expand(4, -1, -1, -1)
    assert not same(critic(x, 1)[:1], critic(copies, 1)[:1], 1e-3)
    assert same(critic(copies, 1), critic(copies[:1], 1).expand(4))


def test_the_latent_counts_by_its_direction(generator):
    z = latents() / 4
    assert same(generator(2 * z, 1), generator(z, 1))


def test_a_seed_gives_the_weights(faithful):
    for make in (
        lambda: Generator(LATENT, WIDTHS, faithful=faithful),
        lambda: Critic(WIDTHS, faithful=faithful),
    ):
        first, again, other = (drawn(make(), seed).state_dict() for seed in (0, 0, 1))
        assert all(torch.equal(first[name], again[name]) for name in first)
        assert any(not torch.equal(first[name], other[name]) for name in first)


@pytest.mark.parametrize("stage", STAGES)
def test_the_published_critic_equals_its_plain_layers(stage):
    critic, x = drawn(Critic(WIDTHS, faithful=True)), images(stage)
    for i, layer in enumerate(critic.from_image):
        layer.bias.data = noise(*layer.bias.shape, seed=i)

    def convolved(maps, layer):
        maps = functional.leaky_relu(layer(maps), 0.2)
        return maps / (maps.square().mean(1, keepdim=True) + 1e-8).sqrt()

    maps = critic.from_image[stage](x)
    for block in reversed(critic.blocks[1 : stage + 1]):
        maps = functional.avg_pool2d(maps, 2)
        maps = convolved(convolved(maps, block.first), block.second)
    maps = convolved(maps, critic.blocks[0].convolution)
    expected = functional.conv2d(maps, critic.score.scaled, critic.score.bias).flatten()
    assert same(critic(x, stage), expected, 1e-4)
