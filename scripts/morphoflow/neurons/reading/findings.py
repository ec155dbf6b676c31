"""What can be said about an SWC file: every code with its severity and its meaning or remedy."""

from dataclasses import dataclass

CODES: dict[str, tuple[str, str]] = {
    "extra_columns": ("info", "columns after the seventh are not read"),
    "scale_header": ("info", "a SCALE line in the header is not applied: set the units instead"),
    "no_soma": ("info", "no node of type 1, so the root stands for the soma"),
    "extra_soma": ("info", "nodes of type 1 away from the soma are read as neurite"),
    "left_out": ("info", "nodes of compartments that were not asked for are left out"),
    "repeated_line": ("repaired", "a node written twice alike is read once"),
    "negative_parent": ("repaired", "a negative parent other than -1 is read as -1"),
    "unknown_type": ("repaired", "a type outside 0 to 255 is read as 0 (undefined)"),
    "three_point_soma": ("repaired", "the three-point soma of NeuroMorpho.Org becomes one node"),
    "contour_soma": ("repaired", "the outline of the soma becomes one node"),
    "multi_point_soma": ("repaired", "the cylinders of the soma become one node"),
    "moved_root": ("repaired", "the root moves to the soma"),
    "joined_tree": ("repaired", "a further tree is joined to the nearest node of the main tree"),
    "dropped_tree": ("repaired", "a further tree is left out"),
    "reconnected": ("repaired", "pieces that lost their parent hang on the nearest kept ancestor"),
    "zero_length": ("repaired", "nodes at the place of their parent are merged with it"),
    "bad_radius": ("repaired", "a radius that is not positive and finite is replaced"),
    "unreadable_file": ("refused", "copy the file anew"),
    "empty_file": ("refused", "export the neuron anew or remove the file"),
    "too_few_columns": ("refused", "give the line seven columns: id type x y z radius parent"),
    "not_a_number": ("refused", "correct the line"),
    "decimal_comma": ("refused", "write decimals with a point"),
    "not_an_integer": ("refused", "write ids, types and parents as whole numbers"),
    "bad_coordinate": ("refused", "correct the coordinate"),
    "duplicate_id": ("refused", "give each node an id of its own"),
    "missing_parent": ("refused", "add the parent's line, or write -1 to start a tree there"),
    "cycle": ("refused", "correct the parents so that each path ends at a root"),
    "nothing_left": ("refused", "choose compartments that the file has or remove the file"),
    "same_neuron": ("refused", "keep one of the two files"),
}


@dataclass(frozen=True)
class Finding:
    """One thing found in a file; ``line`` counts from 1, or is None for the file as a whole."""

    code: str
    message: str
    line: int | None = None
    value: str = ""

    @property
    def severity(self) -> str:
        """``info``, ``repaired`` or ``refused``."""
        return CODES[self.code][0]


class Refused(Exception):
    """A file that cannot be read as a neuron, with the finding that says why."""

    def __init__(self, code: str, message: str, line: int | None = None, value: str = "") -> None:
        super().__init__(message)
        self.finding = Finding(code, message, line, value)
