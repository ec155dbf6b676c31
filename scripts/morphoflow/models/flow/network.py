"""A U-Net (Ronneberger et al., MICCAI 2015) that predicts an image from one mixed with noise."""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from morphoflow.errors import InputError
from morphoflow.models.shared.initialise import initialise

GROUPS, HEADS = 8, 4
# Of the embedding of the time: sines and cosines, and units that they are brought to.
WAVES, CONDITION = 32, 128
SLOWEST, FASTEST = 0.1, 100.0
# Of the first weights, that of torch's own. What goes into a block is normalised, so that larger
# weights change nothing at first but that steps of a given size turn them less: after 120 steps on
# simulated arbors the loss was .65 with those of He et al., and .49 with these.
GAIN = 1 / math.sqrt(3)


class UNet(nn.Module):
    """Images, times and classes to predicted images.

    Blocks of ``patch`` x ``patch`` pixels become the channels of one place, without loss ("pixel
    unshuffle"), so that images of 64, 128 and 256 pixels cost the same but for the first and the
    last convolution. Each of ``widths`` is a level of maps, half as large as that before. At the
    bottom every place attends to every other.

    What goes in and what comes out has a variance of about 1 (Karras et al., NeurIPS 2022): of
    images whose pixels have the mean and deviation ``greys``, each pixel is first predicted as if
    it were drawn alone, and the layers add what they see beyond that, which is little where little
    noise is left. Layers that must pass on the image itself did so badly: after 150 steps their
    error at a time of .95 was 9 times as large, and the last steps of a way took dim dendrites
    away.
    """

    def __init__(
        self, patch: int, widths: list[int], n_classes: int, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.patch = patch
        self.register_buffer("greys", torch.tensor([0.0, 1.0]))
        self.time = nn.Sequential(nn.Linear(2 * WAVES, CONDITION), nn.SiLU())
        self.time.append(nn.Linear(CONDITION, CONDITION))
        self.classes = nn.Linear(n_classes, CONDITION, bias=False) if n_classes else None
        self.enter = nn.Conv2d(patch**2, widths[0], 3, padding=1)
        before = [widths[0], *widths]
        self.down = nn.ModuleList(Pair(n_in, n) for n_in, n in zip(before, widths, strict=False))
        self.coarser = nn.ModuleList(nn.Conv2d(n, n, 3, 2, 1) for n in widths[:-1])
        self.first, self.last = Block(widths[-1], widths[-1]), Block(widths[-1], widths[-1])
        self.attention = Attention(widths[-1])
        self.up = nn.ModuleList(Pair(2 * n, n) for n in reversed(widths))
        coarse_to_fine = list(pairwise(widths))[::-1]
        self.finer = nn.ModuleList(nn.Conv2d(n, n_out, 3, padding=1) for n_out, n in coarse_to_fine)
        self.normalise = nn.GroupNorm(GROUPS, widths[0])
        self.leave = nn.Conv2d(widths[0], patch**2, 3, padding=1)
        initialise(self, generator, GAIN)
        # Every block begins as doing nothing, and the network as predicting the mean grey.
        for layer in self.modules():
            if isinstance(layer, Block | Attention):
                nn.init.zeros_(layer.out.weight)
        nn.init.zeros_(self.leave.weight)

    def forward(self, z: Tensor, time: Tensor, classes: Tensor | None = None) -> Tensor:
        """The images (b, 1, s, s) float32 that points ``z`` at ``time`` (b,) are on the way to.

        ``classes`` (b, n_classes) are 1 at the class of an image, and 0 throughout for any class.
        """
        condition = self._condition(time, classes)
        maps, kept = self._bottom(z, time, condition)
        for k, level in enumerate(self.up):
            maps = level(torch.cat([maps, kept.pop()], 1), condition)
            if k < len(self.finer):
                maps = self.finer[k](functional.interpolate(maps, scale_factor=2.0))
        maps = self.leave(functional.silu(self.normalise(maps)))
        seen = functional.pixel_shuffle(maps.float(), self.patch)
        mean, deviation = self.greys
        t, spread = self._spread(time)
        kept_share, seen_share = t * (deviation / spread) ** 2, (1 - t) * deviation / spread
        return mean + kept_share * (z - t * mean) + seen_share * seen

    def features(self, z: Tensor, time: Tensor) -> Tensor:
        """The maps at the bottom, averaged over their places: (b, widths[-1])."""
        return self._bottom(z, time, self._condition(time, None))[0].float().mean((2, 3))

    def _condition(self, time: Tensor, classes: Tensor | None) -> Tensor:
        condition = self.time(waves(time))
        if self.classes is not None and classes is not None:
            condition = condition + self.classes(classes)
        return functional.silu(condition)

    def _spread(self, time: Tensor) -> tuple[Tensor, Tensor]:
        """Times (b, 1, 1, 1), and the deviation of the pixels of points then."""
        t = time[:, None, None, None]
        return t, ((t * self.greys[1]).square() + (1 - t).square()).sqrt()

    def _bottom(self, z: Tensor, time: Tensor, condition: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The maps at the bottom, and those of each level on the way to it."""
        t, spread = self._spread(time)
        even = (z - t * self.greys[0]) / spread
        maps, kept = self.enter(functional.pixel_unshuffle(even, self.patch)), []
        for k, level in enumerate(self.down):
            maps = level(maps, condition)
            kept.append(maps)
            if k < len(self.coarser):
                maps = self.coarser[k](maps)
        return self.last(self.attention(self.first(maps, condition)), condition), kept


class Block(nn.Module):
    """Two convolutions that add to their maps; the time scales and shifts what is between them."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.normalise_in, self.normalise = nn.GroupNorm(GROUPS, n_in), nn.GroupNorm(GROUPS, n_out)
        self.enter = nn.Conv2d(n_in, n_out, 3, padding=1)
        self.condition = nn.Linear(CONDITION, 2 * n_out)
        self.out = nn.Conv2d(n_out, n_out, 3, padding=1)
        self.past = nn.Conv2d(n_in, n_out, 1) if n_in != n_out else nn.Identity()

    def forward(self, maps: Tensor, condition: Tensor) -> Tensor:
        """Maps (b, n_out, h, w) of maps (b, n_in, h, w)."""
        inner = self.normalise(self.enter(functional.silu(self.normalise_in(maps))))
        scale, shift = self.condition(condition)[:, :, None, None].chunk(2, 1)
        return self.past(maps) + self.out(functional.silu(inner * (1 + scale) + shift))


class Pair(nn.Module):
    """Two blocks."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.first, self.second = Block(n_in, n_out), Block(n_out, n_out)

    def forward(self, maps: Tensor, condition: Tensor) -> Tensor:
        """Maps (b, n_out, h, w) of maps (b, n_in, h, w)."""
        return self.second(self.first(maps, condition), condition)


class Attention(nn.Module):
    """Scaled dot-product attention among the places of maps, added to them."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.normalise = nn.GroupNorm(GROUPS, width)
        self.enter, self.out = nn.Conv2d(width, 3 * width, 1), nn.Conv2d(width, width, 1)

    def forward(self, maps: Tensor) -> Tensor:
        """The maps (b, width, h, w).

        Written out, since the fused forms are not deterministic on every device.
        """
        # (3, b, heads, places, channels of a head)
        parts = self.enter(self.normalise(maps)).flatten(2).unflatten(1, (3, HEADS, -1))
        asks, keys, values = parts.transpose(3, 4).unbind(1)
        scores = asks @ keys.transpose(2, 3) / math.sqrt(asks.shape[3])
        found = (scores.softmax(3) @ values).transpose(2, 3).reshape(maps.shape)
        return maps + self.out(found)


def waves(time: Tensor) -> Tensor:
    """Sines and cosines (b, 2 WAVES) of ``time`` (b,), from slow ones to fast ones."""
    rate = torch.logspace(math.log10(FASTEST), math.log10(SLOWEST), WAVES, device=time.device)
    angle = time[:, None] * rate
    return torch.cat([angle.sin(), angle.cos()], 1)


def take_over(network: UNet, state: dict[str, Tensor]) -> None:
    """Give ``network`` the weights of one that may have been trained on images of another size.

    All layers are taken over as they are but two. The first sees a block of pixels where that of
    smaller images saw one, and the last gives one: the first adds up the pixels of a block with
    its old weight, scaled so that noise keeps its variance, and the last gives each the old value.
    What was learned of classes begins anew. Raises InputError where other shapes differ, or where
    the images were larger.
    """
    own = network.state_dict()
    given = {name: value for name, value in state.items() if not name.startswith("classes.")}
    times = network.patch // patch_in(state)
    if times > 1 and network.patch == times * patch_in(state):
        given["enter.weight"] = (
            _repeated(given["enter.weight"].transpose(0, 1), times).transpose(0, 1) / times
        )
        for name in ("leave.weight", "leave.bias"):
            given[name] = _repeated(given[name], times)
    fits = {name for name in own if name in given and own[name].shape == given[name].shape}
    if {name for name in own if not name.startswith("classes.")} != fits:
        raise InputError(
            "the weights in `start_from` do not fit; they must come from a model with equal "
            "`widths` and `places`, of images of the same size, or of half or a quarter of it."
        )
    network.load_state_dict({**own, **given})


def patch_in(state: dict[str, Tensor]) -> int:
    """The ``patch`` of the network with a saved state."""
    return math.isqrt(state["enter.weight"].shape[1])


def _repeated(weights: Tensor, times: int) -> Tensor:
    """Weights (patch^2, ...) of pixels, each repeated over ``times`` x ``times`` finer ones."""
    patch = math.isqrt(len(weights))
    blocks = weights.unflatten(0, (patch, patch))
    finer = blocks.repeat_interleave(times, 0).repeat_interleave(times, 1)
    return finer.flatten(0, 1)
