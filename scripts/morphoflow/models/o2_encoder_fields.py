"""What the published encoder does between its convolutions: norms, gates, pools, invariants.

A layer with C fields of F frequencies has the channels of 2 C trivial pairs, 2 F C gate pairs (in
the order (C, F)), and 4 F C gated channels in the order (F, C, flip pair, vector). A flip exchanges
the two of a pair; a rotation turns the vectors.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from morphoflow.models.antialias import blurred_half, windows

# A vector shorter than the longest by this share has no weight, between it and none a part of it.
# A sharp choice would be discontinuous: rounding would decide between vectors of nearly one length.
TIE = 0.1


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
