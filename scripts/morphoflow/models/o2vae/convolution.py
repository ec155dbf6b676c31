"""Steerable convolution (Weiler and Cesa, NeurIPS 2019) in plain PyTorch, on the bases of e2cnn.

e2cnn is asked for the sampled kernel bases when a layer is built. After that a layer is made of
its own tensors alone, so that it can be copied, moved, saved, and run in any precision.
"""

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from morphoflow.models.o2vae.e2cnn_compat import e2nn


@dataclass(frozen=True)
class Block:
    """The part of a filter between all fields of two representations (n_in fields to n_out).

    ``basis`` names the buffer (elements, size_out, size_in, k^2), or is None where no kernel is
    equivariant; ``weights`` are the bounds of the block's coefficients.
    """

    basis: str | None
    weights: tuple[int, int]
    fields: tuple[int, int]
    sizes: tuple[int, int]

    @property
    def shape(self) -> tuple[int, int]:
        """Channels out and in."""
        return self.fields[0] * self.sizes[0], self.fields[1] * self.sizes[1]


class SteerableConv2d(nn.Module):
    """Convolution (b, c_in, h, w) -> (b, c_out, ...) that commutes with the group of two fields.

    ``weight`` are the coefficients of the kernel basis in the order of ``e2cnn.nn.R2Conv``, drawn
    from ``generator`` with the deviations of e2cnn's generalised He initialisation; ``bias`` has
    one number for each trivial irrep. Fields of one representation have to be contiguous.
    ``rings`` (pixels; by default 0, 1, 2, ...) are the radii of a kernel's Gaussian rings,
    ``sigma`` (pixels) their width, ``cutoff`` the angular frequencies per pixel of radius.
    """

    def __init__(
        self,
        in_type: e2nn.FieldType,
        out_type: e2nn.FieldType,
        kernel_size: int,
        padding: int,
        generator: torch.Generator,
        *,
        sigma: float,
        cutoff: float,
        rings: list[float] | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size, self.padding = kernel_size, padding
        source = e2nn.R2Conv(
            in_type,
            out_type,
            kernel_size,
            padding=padding,
            frequencies_cutoff=cutoff,
            sigma=sigma,
            rings=rings,
            maximum_offset=0,
            initialize=False,
        )
        self.blocks = self._take_blocks(source)
        deviations = he_deviations(source)
        normal = torch.randn(deviations.shape, generator=generator)
        self.weight = nn.Parameter(normal * deviations)
        self.bias = nn.Parameter(torch.zeros(source.bias.shape))
        self.register_buffer("bias_basis", source.bias_expansion.clone(), persistent=False)

    def filter(self) -> Tensor:
        """The kernel (c_out, c_in, k, k) that the coefficients stand for."""
        rows = [torch.cat([self._expanded(block) for block in row], dim=1) for row in self.blocks]
        return torch.cat(rows).unflatten(2, (self.kernel_size, self.kernel_size))

    def forward(self, x: Tensor) -> Tensor:
        with torch.autocast(x.device.type, enabled=False):
            kernel, bias = self.filter(), self.bias_basis @ self.bias
        return F.conv2d(x, kernel, bias, padding=self.padding)

    def _expanded(self, block: Block) -> Tensor:
        if block.basis is None:
            return self.weight.new_zeros(*block.shape, self.kernel_size**2)
        basis = self.get_buffer(block.basis)
        coefficients = self.weight[slice(*block.weights)].view(-1, len(basis))
        blocks = (coefficients @ basis.flatten(1)).view(*block.fields, *basis.shape[1:])
        return blocks.transpose(1, 2).reshape(*block.shape, -1)

    def _take_blocks(self, source: e2nn.R2Conv) -> list[list[Block]]:
        """Clone the bases of e2cnn, which all models of a process share."""
        blocks = []
        for o, (out, n_out) in enumerate(contiguous_fields(source.out_type)):
            blocks.append([])
            for i, (in_, n_in) in enumerate(contiguous_fields(source.in_type)):
                name, bounds = None, (0, 0)
                if (in_.name, out.name) in source.basisexpansion._weights_ranges:
                    name, bounds = f"basis_{o}_{i}", bounds_of(source, in_, out)
                    basis = basis_of(source, in_, out).sampled_basis.clone()
                    self.register_buffer(name, basis.contiguous(), persistent=False)
                blocks[-1].append(Block(name, bounds, (n_out, n_in), (out.size, in_.size)))
        return blocks


def basis_of(source: e2nn.R2Conv, in_: object, out: object) -> nn.Module:
    """e2cnn's sampled basis of the kernels from one representation to another."""
    return getattr(source.basisexpansion, f"block_expansion_{(in_.name, out.name)}")


def bounds_of(source: e2nn.R2Conv, in_: object, out: object) -> tuple[int, int]:
    """Where the coefficients of the kernels from one representation to another lie."""
    return source.basisexpansion._weights_ranges[in_.name, out.name]


def contiguous_fields(fields: e2nn.FieldType) -> list[tuple[object, int]]:
    """The representations of a type with the number of fields of each, in the order of fields."""
    representations = list(fields.representations)
    changes = [k for k, (a, b) in enumerate(pairwise(representations), 1) if a.name != b.name]
    bounds = [0, *changes, len(representations)]
    return [(representations[a], b - a) for a, b in pairwise(bounds)]


def he_deviations(source: e2nn.R2Conv) -> Tensor:
    """The standard deviation of each coefficient in e2cnn's generalised He initialisation.

    It is 1 / sqrt(number of kinds of input irreps that reach the output irrep * number of basis
    elements that come from this kind of irrep). e2cnn counts over all fields; fields of one
    representation have equal counts, so here each pair of representations is counted once.
    """
    deviations = torch.empty(source.basisexpansion.dimension())
    in_fields = contiguous_fields(source.in_type)
    for out, n_out in contiguous_fields(source.out_type):
        counts = defaultdict(lambda: defaultdict(int))
        pairs = [pair for pair in in_fields if (pair[0].name, out.name) in pairs_of(source)]
        for in_, n_in in pairs:
            for element in basis_of(source, in_, out).get_basis_info():
                counts[element["out_irrep_idx"]][element["in_irrep"]] += n_in
        for in_, n_in in pairs:
            elements = basis_of(source, in_, out).get_basis_info()
            reached = [(counts[e["out_irrep_idx"]], e["in_irrep"]) for e in elements]
            products = torch.tensor([len(by_kind) * by_kind[kind] for by_kind, kind in reached])
            deviations[slice(*bounds_of(source, in_, out))] = products.rsqrt().repeat(n_out * n_in)
    return deviations


def pairs_of(source: e2nn.R2Conv) -> set[tuple[str, str]]:
    """The names of the pairs of representations between which there are equivariant kernels."""
    return set(source.basisexpansion._weights_ranges)
