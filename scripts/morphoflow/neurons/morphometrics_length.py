"""Morphometrics of cable: lengths of paths and sections, and how straight they run."""

import numpy as np

from morphoflow.neurons.morphometrics_groups import largest, mean, sd, total
from morphoflow.neurons.morphometrics_tree import Trees, section_heads


def paths(trees: Trees) -> dict[str, np.ndarray]:
    """Distances from the soma along the cable, (n,) each, in um; 0 for a soma alone.

    The tortuosity of a tip is its path over its straight distance, at least 1; tips at the soma
    itself are left out, and it is 1 where none is left.
    """
    n, owner, tip, branch = trees.n, trees.owner, trees.is_tip, trees.is_branch
    away = tip & (trees.distance > 0)
    return {
        "cable_length_um": total(trees.length, owner, n),
        "max_path_distance_um": largest(trees.path, owner, n),
        "tip_path_distance_mean_um": mean(trees.path[tip], owner[tip], n),
        "tip_path_distance_sd_um": sd(trees.path[tip], owner[tip], n),
        "branch_point_path_distance_mean_um": mean(trees.path[branch], owner[branch], n),
        "tip_tortuosity_mean": mean(
            trees.path[away] / trees.distance[away], owner[away], n, empty=1.0
        ),
    }


def sections(trees: Trees) -> dict[str, np.ndarray]:
    """Lengths of the sections between soma, branch points and tips, (n,) each, in um.

    Terminal sections end at a tip, internal ones at a branch point. The contraction of a section
    is the straight distance of its ends over its length, 1 for a straight one; sections of length
    0 are left out, and it is 1 where none is left. Lengths are 0 where there is no such section.
    """
    n, tip = trees.n, trees.is_tip
    end = np.flatnonzero(tip | trees.is_branch)
    head = section_heads(trees.parent, trees.start)[end]
    length, owner, terminal = trees.path[end] - trees.path[head], trees.owner[end], tip[end]
    straight = np.linalg.norm(trees.xyz[end] - trees.xyz[head], axis=1)
    long = length > 0
    return {
        "section_length_mean_um": mean(length, owner, n),
        "section_length_sd_um": sd(length, owner, n),
        "section_length_max_um": largest(length, owner, n),
        "terminal_section_length_mean_um": mean(length[terminal], owner[terminal], n),
        "internal_section_length_mean_um": mean(length[~terminal], owner[~terminal], n),
        "section_contraction_mean": mean(straight[long] / length[long], owner[long], n, empty=1.0),
    }
