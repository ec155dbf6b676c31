"""Long short-term memory, step by step, with features before items: all tensors are (features, n).

In this layout each gate is one contiguous block, and the items that are still active at a step, if
they are sorted by length, are the first columns: padding costs nothing. It is faster on one CPU
thread than ``torch.nn.LSTM``, and the input of a step may depend on the output of the last.

On a GPU a step is many short kernels, each of which the host has to start. There
:meth:`LSTM.read` gives torch, and so cuDNN, all steps of a layer at once.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

State = list[tuple[Tensor, Tensor]]
sigmoid_backward = torch.ops.aten.sigmoid_backward.grad_input
tanh_backward = torch.ops.aten.tanh_backward.grad_input
# A gate that is added this is shut: the sigmoid of it is 0, exactly, and so is its gradient.
SHUT = -1e4


class Affine(nn.Module):
    """``weight @ x + bias`` for ``x`` (n_in, n); initialised as published for MorphVAE."""

    def __init__(self, n_in: int, n_out: int, generator: torch.Generator) -> None:
        super().__init__()
        self.weight = nn.Parameter(_xavier(n_out, n_in, generator))
        self.bias = nn.Parameter(torch.zeros(n_out, 1))

    def forward(self, x: Tensor) -> Tensor:
        return torch.addmm(self.bias, self.weight, x)


class LSTM(nn.Module):
    """Layers of LSTM with ``size`` units, advanced one step at a time.

    The gates are in the order input, forget, output, candidate.
    """

    def __init__(self, n_in: int, size: int, layers: int, generator: torch.Generator) -> None:
        super().__init__()
        self.size, self.layers = size, layers
        weights = [
            [_xavier(4 * size, n, generator), _xavier(4 * size, size, generator)]
            for n in [n_in] + [size] * (layers - 1)
        ]
        # For the input and the state together: one product is faster than the sum of two.
        self.weight = nn.ParameterList(torch.cat(pair, dim=1) for pair in weights)
        self.bias = nn.ParameterList(torch.zeros(4 * size, 1) for _ in weights)

    def step(self, x: Tensor, state: State, masks: Sequence[Tensor | None]) -> State:
        """The next state from the input ``x`` (n_in, n); its last ``h`` is the output.

        ``state`` has ``h`` and ``c`` (size, n) of each layer; ``masks`` has one tensor less, by
        which a layer's output is multiplied on its way to the next layer (None for no dropout).
        """
        following = []
        layers = zip(self.weight, self.bias, state, [*masks, None], strict=True)
        for weight, bias, (h, c), mask in layers:
            gates = torch.addmm(bias, weight, torch.cat([x, h]))
            h, c = Cell.apply(gates.float(), c)
            following.append((h, c))
            x = h if mask is None else h * mask
        return following

    def read(self, x: Tensor, idle: Tensor, masks: Sequence[Tensor | None]) -> State:
        """The state after all steps of ``x`` (steps, n, n_in), which is 0 before the first.

        It stays 0 at steps where an item is ``idle`` (steps, n), so that those of several lengths
        can begin late. ``masks`` are as in :meth:`step`, (steps, n, size). In float32 throughout,
        like the states of single steps, which autocast leaves as they are.
        """
        states, idle = [], idle.float().unsqueeze(2)
        layers = zip(self.weight, self.bias, [*masks, None], strict=True)
        with torch.autocast(x.device.type, enabled=False):
            for weight, bias, mask in layers:
                output, h, c = _all_steps(torch.cat([x.float(), idle], dim=2), weight, bias)
                states.append((h, c))
                x = output if mask is None else output * mask
        return states

    def zero_state(self, like: Tensor) -> State:
        """The state of no items at all, from which :func:`widened` makes that of more."""
        empty = like.new_zeros(self.size, 0)
        return [(empty, empty)] * self.layers


def _all_steps(x: Tensor, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """A layer by torch's own LSTM: outputs (steps, n, size), the last h and c (size, n).

    The last feature of ``x`` (steps, n, n_in + 1) is 1 where the gates are to be shut, else 0.
    """
    size = len(bias) // 4
    # As torch has the gates: input, forget, candidate, output.
    enter, keep, leave, candidate = torch.cat([weight, bias], dim=1).split(size)
    weight, bias = torch.cat([enter, keep, candidate, leave]).split([weight.shape[1], 1], dim=1)
    shut = bias.new_full((4, size), SHUT)
    shut[2] = 0
    of_input, of_state = weight.split([weight.shape[1] - size, size], dim=1)
    of_input = torch.cat([of_input, shut.view(-1, 1)], dim=1)
    start = x.new_zeros(1, x.shape[1], size)
    weights = [of_input, of_state, bias.flatten(), torch.zeros_like(bias).flatten()]
    # In evaluation cuDNN keeps nothing for a backward pass.
    training = torch.is_grad_enabled()
    output, h, c = torch.lstm(x, (start, start), weights, True, 1, 0.0, training, False, False)
    return output, h[0].T, c[0].T


class Cell(torch.autograd.Function):
    """The element-wise part of an LSTM step: gates (4 size, n) and c (size, n) to h and c."""

    @staticmethod
    def forward(ctx, gates: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        size = len(c)
        opened = torch.empty_like(gates)
        torch.sigmoid(gates[: 3 * size], out=opened[: 3 * size])
        torch.tanh(gates[3 * size :], out=opened[3 * size :])
        enter, keep, leave, candidate = opened.chunk(4)
        following = torch.addcmul(keep * c, enter, candidate)
        squashed = torch.tanh(following)
        ctx.save_for_backward(opened, c, squashed)
        return leave * squashed, following

    @staticmethod
    def backward(ctx, grad_h: Tensor, grad_following: Tensor) -> tuple[Tensor, Tensor]:
        opened, c, squashed = ctx.saved_tensors
        enter, keep, leave, candidate = opened.chunk(4)
        grad = torch.empty_like(opened)
        by_enter, by_keep, by_leave, by_candidate = grad.chunk(4)
        grad_c = torch.ops.aten.tanh_backward(grad_h * leave, squashed).add_(grad_following)
        torch.mul(grad_c, candidate, out=by_enter)
        torch.mul(grad_c, c, out=by_keep)
        torch.mul(grad_h, squashed, out=by_leave)
        torch.mul(grad_c, enter, out=by_candidate)
        gated, gates = grad[: 3 * len(c)], opened[: 3 * len(c)]
        sigmoid_backward(gated, gates, grad_input=gated)
        tanh_backward(by_candidate, candidate, grad_input=by_candidate)
        return grad, grad_c.mul_(keep)


def widened(state: State, n: int) -> State:
    """The state of ``n`` items: zeros for those that enter after the present ones."""
    return [(_widened(h, n), _widened(c, n)) for h, c in state]


def narrowed(state: State, n: int) -> State:
    """The state of the first ``n`` items."""
    return [(h[:, :n], c[:, :n]) for h, c in state]


def dropout_mask(
    shape: tuple[int, ...], rate: float, generator: torch.Generator | None
) -> Tensor | None:
    """Factors (shape) on the generator's device: 0 with probability ``rate``, else 1 / (1 - rate).

    None without a generator, which means evaluation, or at rate 0. The probability is rounded to
    a multiple of 2^-16: four draws from one number of 64 bits are several times faster than
    ``bernoulli_``.
    """
    if generator is None or rate == 0:
        return None
    size = math.prod(shape)
    words = torch.empty(-(-size // 4), dtype=torch.int64, device=generator.device)
    bits = words.random_(-(2**63), None, generator=generator).view(torch.int16)
    kept = bits[:size].view(shape) >= round(rate * 2**16) - 2**15
    return kept.to(torch.float32).mul_(1 / (1 - rate))


def _widened(x: Tensor, n: int) -> Tensor:
    return x if x.shape[1] == n else nn.functional.pad(x, (0, n - x.shape[1]))


def _xavier(n_out: int, n_in: int, generator: torch.Generator) -> Tensor:
    return nn.init.xavier_uniform_(torch.empty(n_out, n_in), generator=generator)
