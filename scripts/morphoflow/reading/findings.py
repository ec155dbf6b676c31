"""What is found in a file, and the refusal of a file that cannot be used."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass

# By code: its severity (info, repaired or refused), and what it means or, if refused, the remedy.
Codes = Mapping[str, tuple[str, str]]


@dataclass(frozen=True)
class Finding:
    """One thing found in a file, named by one of a modality's ``Codes``.

    ``id`` is the object's, or empty for the file as a whole; ``line`` counts from 1, or is None
    where it is not about a line.
    """

    code: str
    message: str
    _: KW_ONLY
    id: str = ""
    line: int | None = None
    value: str = ""

    def severity(self, codes: Codes) -> str:
        """``info``, ``repaired`` or ``refused``."""
        return codes[self.code][0]

    def sentence(self, codes: Codes) -> str:
        """The message, with the remedy where the file or object is refused."""
        severity, remedy = codes[self.code]
        return f"{self.message}; {remedy}" if severity == "refused" else self.message


class Refused(Exception):
    """A file that cannot be used, with the finding that says why."""

    def __init__(
        self, code: str, message: str, *, line: int | None = None, value: str = ""
    ) -> None:
        super().__init__(message)
        self.finding = Finding(code, message, line=line, value=value)
