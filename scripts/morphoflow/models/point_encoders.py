"""Encoders of point clouds in whose features the order of the points does not count.

Each takes clouds (b, n, 3) that are centred and of unit size, and a graph of ``n_neighbours`` where
it has use for one, and gives features (b, n_features). ``in_axes`` says that they do not tell how a
cloud lies, so that the decoder gives it along its axes. No layer normalises over a batch.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from morphoflow.models.point_graph import neighbour_maximum


class PointNetEncoder(nn.Module):
    """The same layers for each point and the maximum over points, after Qi et al. (CVPR 2017).

    Without their networks that turn the input and their batch normalisation.
    """

    def __init__(self, settings: dict) -> None:
        super().__init__()
        widths = [3, *settings["widths"]]
        self.n_neighbours, self.n_features = 0, widths[-1]
        self.in_axes = False
        self.layers = nn.ModuleList(nn.Linear(*pair) for pair in pairwise(widths))

    def forward(self, x: Tensor, graph: Tensor) -> Tensor:
        """Features of clouds; the graph is not used."""
        for layer in self.layers:
            x = functional.elu(layer(x))
        return x.amax(1)


class DGCNNEncoder(nn.Module):
    """Convolutions over the edges to neighbours, after Wang et al. (ACM TOG 38:146, 2019).

    The graph is that of the points in space for all layers, so that it is made once for a cloud.
    All layers but the last of ``widths`` are convolutions; the last sees the values of all of them
    and is followed by the maximum over points.
    """

    def __init__(self, settings: dict) -> None:
        super().__init__()
        *widths, self.n_features = settings["widths"]
        self.n_neighbours = settings["neighbours"]
        self.in_axes = False
        self.layers = nn.ModuleList(EdgeConvolution(*pair) for pair in pairwise([3, *widths]))
        self.last = nn.Linear(sum(widths), self.n_features)

    def forward(self, x: Tensor, graph: Tensor) -> Tensor:
        """Features of clouds with their graphs (b, n, neighbours)."""
        levels = []
        for layer in self.layers:
            x = layer(x, graph)
            levels.append(x)
        return functional.elu(self.last(torch.cat(levels, 2))).amax(1)


class EdgeConvolution(nn.Module):
    """The largest, over the neighbours j of point i, of ``W x_i + V (x_j - x_i)``.

    ``V x_j`` is computed once a point and the maximum taken of that, which gives the same as the
    published maximum over edges for one layer an edge, at a k-th of the products for k neighbours.
    """

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.own, self.edge = nn.Linear(n_in, n_out), nn.Linear(n_in, n_out, bias=False)

    def forward(self, x: Tensor, graph: Tensor) -> Tensor:
        """Values (b, n, n_out) of points with values (b, n, n_in)."""
        edge = self.edge(x).float()
        return functional.elu(self.own(x) + neighbour_maximum(edge, graph) - edge)
