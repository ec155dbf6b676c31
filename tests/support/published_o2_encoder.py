"""The published encoder out of e2cnn's own modules: what ``o2vae.encoder`` has to equal.

It is here for the tests and the benchmark. It runs in float32 only and cannot be copied or saved
reliably, which is why the models use the plain PyTorch one.
"""

import torch
from torch import Tensor, nn

from morphoflow.models.o2vae.convolution import SteerableConv2d
from morphoflow.models.o2vae.e2cnn_compat import e2nn
from morphoflow.models.o2vae.encoder import (
    CUTOFF,
    FREQUENCIES,
    KERNELS,
    PADDINGS,
    POOLED,
    SIGMA,
    GatedNonlinearity,
    O2Encoder,
    representations,
)


class ReferenceEncoder(nn.Module):
    """Images (b, channels, size, size) -> features, for the numbers of fields of each layer."""

    def __init__(self, channels: int, fields: list[int]) -> None:
        super().__init__()
        self.space, self.trivial, self.vectors = representations()
        self.in_type = e2nn.FieldType(self.space, [self.space.trivial_repr] * channels)
        layers, in_type = [], self.in_type
        for k, n in enumerate([*fields[:-1], round(fields[-1] / (1 + FREQUENCIES))]):
            layers += self.layer(in_type, k, n, last=k == len(fields) - 1)
            in_type = layers[-1].out_type
        layers.append(e2nn.PointwiseAdaptiveMaxPool(in_type, 1))
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(e2nn.GeometricTensor(x, self.in_type)).tensor.flatten(1)

    def layer(self, in_type: e2nn.FieldType, k: int, n: int, last: bool) -> list[nn.Module]:
        """Convolution, norms, nonlinearities, and pool or invariant maps."""
        pairs = e2nn.FieldType(self.space, [self.trivial] * n)
        gates = e2nn.FieldType(self.space, [self.trivial] * n * FREQUENCIES)
        gated = e2nn.FieldType(self.space, self.vectors * n)
        convolved = pairs + gates + gated
        convolution = {"padding": PADDINGS[k], "frequencies_cutoff": CUTOFF, "sigma": SIGMA}
        convolution |= {"maximum_offset": 0, "initialize": False}
        norms = e2nn.InnerBatchNorm(pairs + gates), e2nn.InducedNormBatchNorm(gated)
        gate = e2nn.InducedGatedNonLinearity1(gates + gated)
        layers = [
            e2nn.R2Conv(in_type, convolved, KERNELS[k], **convolution),
            split(convolved, n * (1 + FREQUENCIES), *norms),
            split(convolved, n, e2nn.ELU(pairs), gate),
        ]
        if last:
            pools = e2nn.GroupPooling(pairs), e2nn.InducedNormPool(gated)
        elif k in POOLED:
            pools = e2nn.PointwiseMaxPool(pairs, 2), e2nn.NormMaxPool(gated, 2)
        else:
            return layers
        return [*layers, split(pairs + gated, n, *pools)]

    @torch.no_grad()
    def take(self, encoder: O2Encoder) -> None:
        """Take the weights and running statistics of an encoder with the same fields."""
        convolutions = [x for x in self.modules() if isinstance(x, e2nn.R2Conv)]
        batch_norms = [x for x in self.modules() if isinstance(x, e2nn.InnerBatchNorm)]
        vector_norms = [x for x in self.modules() if isinstance(x, e2nn.InducedNormBatchNorm)]
        gates = [x for x in self.modules() if isinstance(x, e2nn.InducedGatedNonLinearity1)]
        own = [x for x in encoder.modules() if isinstance(x, SteerableConv2d)]
        for theirs, ours in zip(convolutions, own, strict=True):
            theirs.weights.copy_(ours.weight)
            theirs.bias.copy_(ours.bias)
        own = [x for x in encoder.modules() if isinstance(x, GatedNonlinearity)]
        for pairs, vectors, gate, ours in zip(batch_norms, vector_norms, gates, own, strict=True):
            next(pairs.children()).load_state_dict(ours.norm.state_dict())
            copy_flat(vectors.get_parameter("(4, 2)_weight"), ours.gated_weight)
            copy_flat(vectors.get_buffer("(4, 2)_running_var"), ours.gated_variance)
            copy_flat(gate.bias, ours.gate_bias)


def split(
    in_type: e2nn.FieldType, n: int, first: nn.Module, others: nn.Module
) -> e2nn.MultipleModule:
    """Apply one module to the first ``n`` fields and another to all others."""
    labels = ["first"] * n + ["others"] * (len(in_type) - n)
    return e2nn.MultipleModule(in_type, labels, [(first, "first"), (others, "others")])


def copy_flat(to: Tensor, values: Tensor) -> None:
    """Copy values into a tensor of another shape, in order."""
    to.view(-1).copy_(values.flatten())
