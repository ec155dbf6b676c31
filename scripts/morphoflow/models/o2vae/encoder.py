"""The encoder of O2-VAE (Burgess et al., Nature Communications 2024): O(2)-invariant features.

Six steerable convolutions with the irreps of O(2) up to frequency 3, induced from those of SO(2),
with gated nonlinearities, after which invariant maps are pooled over the image.
"""

import math
from functools import cache

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from morphoflow.models.o2vae.convolution import SteerableConv2d
from morphoflow.models.o2vae.e2cnn_compat import e2nn, gspaces

FREQUENCIES = 3

SIGMA, CUTOFF = 0.6, 0.8 * math.pi

KERNELS, PADDINGS, POOLED = (7, 5, 5, 5, 5, 5), (1, 2, 2, 2, 2, 0), (1, 3)

HEAD = 64

# A vector shorter than the longest by this share has no weight, between it and none a part of it.
# A sharp choice would be discontinuous: rounding would decide between vectors of nearly one length.
TIE = 0.1

# Binomial filters: even ones are centred between pixels, odd ones on a pixel.
EVEN_TAPS, ODD_TAPS = (1, 5, 10, 10, 5, 1), (1, 6, 15, 20, 15, 6, 1)


class O2Encoder(nn.Module):
    """Images (b, channels, size, size) -> features (b, n_features) that no rotation or flip moves.

    ``settings["fields"]`` are the fields of the six layers, of which the last is divided by 4 for
    the features; ``settings["pooling"]`` is that of :class:`FieldPool`. The features of a turn by
    90 degrees and of a flip are equal up to rounding, of other angles up to aliasing.
    """

    def __init__(
        self, channels: int, size: int, settings: dict, generator: torch.Generator
    ) -> None:
        super().__init__()
        *fields, last = settings["fields"]
        fields = [*fields, round(last / (1 + FREQUENCIES))]
        self.n_last = fields[-1]
        self.n_features = self.n_last * (1 + FREQUENCIES)
        space, trivial, vectors = representations()
        in_type = e2nn.FieldType(space, [space.trivial_repr] * channels)
        layers = []
        for k, n in enumerate(fields):
            pairs, gated = [trivial] * n, [vector for vector in vectors for _ in range(n)]
            convolved = e2nn.FieldType(space, pairs * (1 + FREQUENCIES) + gated)
            kernel = {"kernel_size": KERNELS[k], "padding": PADDINGS[k]}
            kernel |= {"sigma": SIGMA, "cutoff": CUTOFF, "generator": generator}
            layers.append(SteerableConv2d(in_type, convolved, **kernel))
            layers.append(GatedNonlinearity(n, FREQUENCIES, generator))
            if k in POOLED:
                layers.append(FieldPool(n, settings["pooling"]))
            in_type = e2nn.FieldType(space, pairs + gated)
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return invariants(self.layers(x), self.n_last).amax(dim=(2, 3))


def representations() -> tuple[object, object, list[object]]:
    """O(2) acting on the plane, and the representations induced from SO(2)'s: trivial, vectors."""
    space = gspaces.FlipRot2dOnR2(-1, maximum_frequency=FREQUENCIES, axis=math.pi / 2)
    rotations = (None, -1)
    irreps = space.restrict(rotations)[0].fibergroup.irreps.values()
    trivial, *vectors = [space.induced_repr(rotations, irrep) for irrep in irreps]
    return space, trivial, vectors


def head(n_features: int, n_out: int, generator: torch.Generator) -> nn.Sequential:
    """The published layers from the features to ``n_out`` numbers (two for each latent)."""
    sizes = (n_features, HEAD), (HEAD, n_out)
    # Without torch's own initialisation, which draws from its global generator.
    first, last = [nn.utils.skip_init(nn.Linear, *size) for size in sizes]
    for layer in (first, last):
        bound = layer.in_features**-0.5
        nn.init.uniform_(layer.weight, -bound, bound, generator=generator)
        nn.init.uniform_(layer.bias, -bound, bound, generator=generator)
    return nn.Sequential(first, nn.BatchNorm1d(HEAD), nn.ELU(), last)


# What the published encoder does between its convolutions: norms, gates, pools, invariants.
#
# A layer with C fields of F frequencies has the channels of 2 C trivial pairs, 2 F C gate pairs (in
# the order (C, F)), and 4 F C gated channels in the order (F, C, flip pair, vector). A flip
# exchanges the two of a pair; a rotation turns the vectors.


class GatedNonlinearity(nn.Module):
    """Norms, ELU and gates: (b, (2 + 6 F) C, h, w) -> (b, (2 + 4 F) C, h, w).

    Pairs are normalised together over the batch; gated vectors are divided by the running root
    mean square even in training, through which no gradient flows (e2cnn's InducedNormBatchNorm).
    """

    def __init__(
        self, fields: int, frequencies: int, generator: torch.Generator, momentum: float = 0.1
    ) -> None:
        super().__init__()
        self.momentum = momentum
        self.norm = nn.BatchNorm2d(fields * (1 + frequencies), momentum=momentum)
        gated = (fields, frequencies)
        self.gated_weight = nn.Parameter(torch.ones(gated))
        self.gate_bias = nn.Parameter(torch.randn(gated, generator=generator))
        self.register_buffer("gated_variance", torch.ones(gated))

    def forward(self, x: Tensor) -> Tensor:
        (b, _, h, w), (c, f) = x.shape, self.gate_bias.shape
        pairs, gated = x.split([2 * c * (1 + f), 4 * c * f], dim=1)
        pairs = self.norm(pairs.reshape(b, -1, 2 * h, w)).view(b, -1, h, w)
        trivials, gates = pairs.split([2 * c, 2 * c * f], dim=1)
        gated = gated.reshape(b, f, c, 2, 2, h, w)
        if self.training:
            self._update(gated.detach().float())
        scale = self.gated_weight * (self.gated_variance + self.norm.eps).rsqrt()
        opened = torch.sigmoid(gates.view(b, c, f, 2, h, w) - self.gate_bias[..., None, None, None])
        factors = (scale[..., None, None, None] * opened).transpose(1, 2).unsqueeze(4)
        return torch.cat([F.elu(trivials), (gated * factors).view(b, -1, h, w)], dim=1)

    @torch.no_grad()
    def _update(self, gated: Tensor) -> None:
        n = gated[:, 0, 0, :, 0].numel()
        variance = gated.square().mean(dim=(0, 3, 4, 5, 6)).T * (n / (n - 1))
        self.gated_variance.lerp_(variance.to(self.gated_variance.dtype), self.momentum)


class FieldPool(nn.Module):
    """Halve maps (b, (2 + 4 F) C, h, w); vectors stay whole.

    ``max`` keeps, of each 2 x 2 window, the largest of each trivial channel and the longest vector
    of each field; vectors of one length are averaged. ``first`` keeps the first of them, as
    published, so that masks, where such ties are common, lose their symmetry: under flips and
    quarter turns features change by 1e-3. ``blurred`` is the antialiased mean.
    """

    def __init__(self, fields: int, pooling: str) -> None:
        super().__init__()
        self.n_trivial, self.pooling = 2 * fields, pooling

    def forward(self, x: Tensor) -> Tensor:
        if self.pooling == "blurred":
            return blurred_half(x)
        windowed = windows(x)
        largest = windowed[:, :, : self.n_trivial].amax(0)
        vectors = windowed[:, :, self.n_trivial :].unflatten(2, (-1, 4))
        return torch.cat([largest, self._longest(vectors)], dim=1)

    def _longest(self, vectors: Tensor) -> Tensor:
        lengths = vectors.detach().square().sum(dim=3, keepdim=True).sqrt()
        if self.pooling == "first":
            chosen = torch.zeros_like(lengths).scatter_(0, lengths.argmax(0, keepdim=True), 1)
        else:
            longest = lengths.amax(0).clamp_min(torch.finfo(lengths.dtype).tiny)
            chosen = (1 - (1 - lengths / longest) / TIE).clamp_min(0)
            chosen = chosen / chosen.sum(0).clamp_min(1)
        return (vectors * chosen).sum(0).flatten(1, 2)


def invariants(x: Tensor, fields: int) -> Tensor:
    """Invariant maps (b, (1 + F) C, h, w): the larger of each pair, the longer of two vectors."""
    trivials = x[:, : 2 * fields].unflatten(1, (-1, 2)).amax(2)
    vectors = x[:, 2 * fields :].unflatten(1, (-1, fields, 2, 2))
    lengths = torch.linalg.vector_norm(vectors, dim=4).amax(3)  # (b, F, C, h, w)
    return torch.cat([trivials, lengths.transpose(1, 2).flatten(1, 2)], dim=1)


# Halving of maps without losing their symmetry: windows, and a blur before the subsampling.
#
# A window and its stride are centred on maps of even and of odd size alike, so that subsampling
# commutes exactly with flips and 90-degree turns.


def windows(x: Tensor) -> Tensor:
    """The windows of stride 2 of maps (..., h, w) as (k^2, ..., h // 2, w // 2).

    They are 2 pixels wide and apart where the size is even, and 3 wide where it is odd.
    """
    k = 2 + x.shape[-1] % 2
    n = 2 * (x.shape[-1] // 2)
    parts = [x[..., i : i + n - 1 : 2, j : j + n - 1 : 2] for i in range(k) for j in range(k)]
    return torch.stack(parts)


def blurred_half(x: Tensor) -> Tensor:
    """Maps (b, c, h, w) blurred and subsampled to (b, c, h // 2, w // 2), h and w equal.

    A binomial blur before a stride of 2 takes away most of what the stride would alias (Zhang,
    ICML 2019).
    """
    kernel = _binomial(x.shape[-1] % 2 == 0, x.dtype, x.device).expand(x.shape[1], 1, -1, -1)
    return F.conv2d(x, kernel, stride=2, padding=2, groups=x.shape[1])


@cache
def _binomial(even: bool, dtype: torch.dtype, device: torch.device) -> Tensor:
    """A blur (k, k) of sum 1; kept, since the host waits while its taps are copied to a GPU."""
    taps = torch.tensor(EVEN_TAPS if even else ODD_TAPS, dtype=dtype, device=device)
    taps = taps / taps.sum()
    return torch.outer(taps, taps)
