"""The encoder of O2-VAE (Burgess et al., Nature Communications 2024): O(2)-invariant features.

Six steerable convolutions with the irreps of O(2) up to frequency 3, induced from those of SO(2),
with gated nonlinearities, after which invariant maps are pooled over the image.
"""

import math

import torch
from torch import Tensor, nn

from morphoflow.models.e2cnn_compat import e2nn, gspaces
from morphoflow.models.o2_encoder_convolution import SteerableConv2d
from morphoflow.models.o2_encoder_fields import FieldPool, GatedNonlinearity, invariants

FREQUENCIES = 3
SIGMA, CUTOFF = 0.6, 0.8 * math.pi
KERNELS, PADDINGS, POOLED = (7, 5, 5, 5, 5, 5), (1, 2, 2, 2, 2, 0), (1, 3)
HEAD = 64


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
