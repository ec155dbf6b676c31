"""Units of length in nanometres, under the names that volume formats give them."""

import math
from collections.abc import Iterable, Sequence

NM_PER_UNIT = {
    **dict.fromkeys(("pm", "picometer"), 1e-3),
    **dict.fromkeys(("å", "angstrom"), 0.1),
    **dict.fromkeys(("nm", "nanometer", "nanometers", "nanometre"), 1.0),
    **dict.fromkeys(("um", "µm", "μm", "micron", "microns", "\\u00b5m"), 1e3),
    **dict.fromkeys(("micrometer", "micrometers", "micrometre"), 1e3),
    **dict.fromkeys(("mm", "millimeter"), 1e6),
    **dict.fromkeys(("cm", "centimeter"), 1e7),
    **dict.fromkeys(("m", "meter"), 1e9),
}

Size = tuple[float, float, float]


def to_nm(values: Sequence[float], units: Iterable[str | None]) -> Size | None:
    """Lengths in nm; None if a unit is missing or unknown, or a length is not above zero."""
    factors = [NM_PER_UNIT.get((unit or "").strip().lower()) for unit in units]
    if None in factors or len(factors) != len(values) or len(values) != 3:
        return None
    lengths = tuple(float(v) * f for v, f in zip(values, factors, strict=True))
    return lengths if all(math.isfinite(n) and n > 0 for n in lengths) else None
