"""The measures of an object that models may use, by what they tell."""

# By group: size in physical units, form (what is left when an object is scaled), texture,
# position, and the published features. None but position changes as an object turns.
GROUPS = {
    "size": [
        "volume_um3",
        "surface_area_um2",
        "surface_to_volume_per_um",
        "skeleton_length_um",
        "radius_mean_um",
        "radius_max_um",
    ],
    "form": [
        "mci",
        "elongation",
        "flatness",
        "slenderness",
        "tortuosity",
        "branch_points",
        "end_points",
        "tunnels",
    ],
    "intensity": ["intensity_mean", "intensity_sd"],
    "position": ["centroid_z_um", "centroid_y_um", "centroid_x_um"],
    "legacy": [
        "legacy_size",
        "legacy_circularity",
        "legacy_surface_to_volume",
        "legacy_slen",
    ],
}

# Never negative and spread over orders of magnitude, or counts: compared by ratio.
SKEWED = frozenset(GROUPS["size"] + GROUPS["form"]) - {"surface_to_volume_per_um"}
