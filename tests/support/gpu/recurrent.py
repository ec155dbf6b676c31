"""cuDNN's LSTM on the pretended GPU, by the CPU: a kernel forwards and one backwards."""

from collections import Counter

import torch


class AllSteps(torch.autograd.Function):
    """``torch.lstm`` of a layer, see :func:`all_steps`."""

    @staticmethod
    def forward(ctx, kernels: Counter, options: tuple, *tensors):
        ctx.kernels, ctx.place = kernels, type(tensors[0])
        ctx.host = [each.host.detach().requires_grad_() for each in tensors]
        x, h, c, *weights = ctx.host
        with torch.enable_grad():
            ctx.made = torch.lstm(x, (h, c), weights, *options)
        kernels["lstm"] += 1
        return tuple(ctx.place(each.detach()) for each in ctx.made)

    @staticmethod
    def backward(ctx, *grads):
        ctx.kernels["lstm"] += 1
        given = [each.host for each in grads]
        return None, None, *map(ctx.place, torch.autograd.grad(ctx.made, ctx.host, given))


def all_steps(kernels: Counter, x, state, weights, *options) -> tuple:
    """``torch.lstm`` of a layer on the pretended GPU; RuntimeError if part of it is elsewhere."""
    tensors = [x, *state, *weights]
    if any(each.device.type != "cuda" for each in tensors):
        raise RuntimeError("lstm has tensors on the CPU beside those on the GPU")
    return AllSteps.apply(kernels, options, *tensors)
