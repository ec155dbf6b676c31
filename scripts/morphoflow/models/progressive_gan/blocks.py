"""What generator and critic of the progressive GAN are made of.

Every operation has a second derivative (for gradient penalties) and a deterministic gradient on a
GPU, and none looks at a value on the host, so that a step can be captured as one graph.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

# Pixels along an edge of the coarsest maps.
SEED_SIZE = 4
SLOPE = 0.2
# Keeps the mean square of a signal through the leaky ReLU that follows (He et al., ICCV 2015).
GAIN = math.sqrt(2 / (1 + SLOPE**2))
EPSILON = 1e-8


class Scaled(nn.Module):
    """Weights (n_out, n_in, ...) that are multiplied by a constant at run time.

    With the scale gain / sqrt(fan_in) and first weights of standard deviation 1, all weights learn
    at one rate under Adam ("equalised learning rate", Karras et al., ICLR 2018). All weights are 0
    until :func:`initialise` draws them or a state is loaded.

    Attributes
    ----------
    spread
        Standard deviation of the first weights.
    """

    def __init__(self, *shape: int, gain: float = GAIN, bias: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(shape))
        self.bias = nn.Parameter(torch.zeros(shape[0])) if bias else None
        self.scale, self.spread = gain / math.sqrt(math.prod(shape[1:])), 1.0

    @property
    def scaled(self) -> Tensor:
        """The weights as they are applied."""
        return self.weight * self.scale


class Linear(Scaled):
    """A dense layer from (b, n_in) to (b, n_out)."""

    def forward(self, x: Tensor) -> Tensor:
        """The values (b, n_out)."""
        return functional.linear(x, self.scaled, self.bias)


class Convolution(Scaled):
    """A convolution of maps (b, n_in, h, w) that keeps their size, with zeros around them."""

    def forward(self, maps: Tensor) -> Tensor:
        """The maps (b, n_out, h, w)."""
        return functional.conv2d(maps, self.scaled, self.bias, padding=self.weight.shape[-1] // 2)


class HalvingConvolution(Scaled):
    """A 3 x 3 convolution, and the means of its 2 x 2 blocks.

    As one convolution of stride 2 whose kernel is smoothed, which needs 4/9 of the work.
    """

    def forward(self, maps: Tensor) -> Tensor:
        """The maps (b, n_out, h / 2, w / 2)."""
        return functional.conv2d(maps, smoothed(self.scaled, 1), self.bias, stride=2, padding=1)


class DoublingConvolution(Scaled):
    """Bilinear enlargement by 2 of maps with zeros around them, and a 3 x 3 convolution.

    As one transposed convolution, so that the enlarged maps are never written.
    """

    def forward(self, maps: Tensor) -> Tensor:
        """The maps (b, n_out, 2 h, 2 w)."""
        kernel = 4 * smoothed(self.scaled, 3).flip(2, 3).transpose(0, 1)
        return functional.conv_transpose2d(maps, kernel, self.bias, stride=2, padding=2)


def smoothed(kernel: Tensor, times: int) -> Tensor:
    """Kernels (n_out, n_in, k, k) that include so many means over 2 x 2 neighbours, k + times wide.

    Three of them weigh 1, 3, 3, 1: the bilinear filter.
    """
    kernel = functional.pad(kernel, (times,) * 4)
    for _ in range(times):
        kernel = functional.avg_pool2d(kernel, 2, stride=1)
    return kernel


def activated(maps: Tensor) -> Tensor:
    """The leaky ReLU of the maps."""
    return functional.leaky_relu(maps, SLOPE)


def normalised(maps: Tensor) -> Tensor:
    """Values (b, c, ...) over their root mean square along c: PixelNorm (Karras et al., 2018)."""
    return maps * (maps.square().mean(1, keepdim=True) + EPSILON).rsqrt().to(maps.dtype)


def activated_and_normalised(maps: Tensor) -> Tensor:
    """:func:`normalised` of :func:`activated`, in half the passes over memory."""
    return _ActivatedAndNormalised.apply(maps)[0]


class _ActivatedAndNormalised(torch.autograd.Function):
    """Keeps its result and the factor of each place alone, and gives both derivatives by them."""

    @staticmethod
    def forward(ctx, maps: Tensor) -> tuple[Tensor, Tensor]:
        # Autocast would copy the maps to 32 bits.
        with torch.autocast(maps.device.type, enabled=False):
            result = activated(maps)
            norm = torch.linalg.vector_norm(result, dim=1, keepdim=True)
            factor = (norm.square() / maps.shape[1] + EPSILON).rsqrt()
            result = result.mul_(factor)
        ctx.save_for_backward(result, factor)
        return result, factor

    @staticmethod
    def backward(ctx, gradient: Tensor, of_factor: Tensor) -> Tensor:
        result, factor = ctx.saved_tensors
        along = (gradient * result).mean(1, keepdim=True) + of_factor * factor / result.shape[1]
        gradient = torch.addcmul(gradient, result, along, value=-1) * factor
        # The result has the sign of what was activated.
        return torch.ops.aten.leaky_relu_backward(gradient, result, SLOPE, True)


def halved(images: Tensor) -> Tensor:
    """The means of the 2 x 2 blocks of images (b, c, h, w)."""
    return functional.avg_pool2d(images, 2)


def repeated(images: Tensor) -> Tensor:
    """Images (b, c, h, w) with each pixel as a 2 x 2 block, which :func:`halved` undoes exactly."""
    return functional.interpolate(images, scale_factor=2, mode="nearest")


def faded(old: Tensor, new: Tensor, alpha: Tensor) -> Tensor:
    """From ``old`` (``alpha`` 0) to ``new`` (1), exact at both ends."""
    return (1 - alpha) * old + alpha * new


def deviation_map(maps: Tensor, group: int = 4) -> Tensor:
    """How much maps (b, c, h, w) differ within groups of the batch, as a map (b, 1, h, w).

    The standard deviation over the images of a group, averaged over channels and places ("minibatch
    standard deviation", Karras et al., 2018). Groups have the largest size up to ``group`` that
    divides the batch; in a batch of one the map is nearly 0.
    """
    b, _, h, w = maps.shape
    size = max(n for n in range(1, group + 1) if b % n == 0)
    groups = maps.reshape(size, b // size, -1)
    spread = (groups.var(0, correction=0) + EPSILON).sqrt().mean(1)
    return spread.repeat(size).to(maps.dtype).view(b, 1, 1, 1).expand(b, 1, h, w)


def initialise(network: nn.Module, generator: torch.Generator) -> None:
    """Draw all weights anew, in the order of the modules; biases are 0."""
    for module in network.modules():
        if isinstance(module, Scaled):
            with torch.no_grad():
                module.weight.normal_(0, module.spread, generator=generator)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
