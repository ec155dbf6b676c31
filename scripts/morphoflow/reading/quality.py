"""The quality table: every finding on every file and object, and a verdict for each file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

import pandas as pd

from morphoflow.errors import InputError
from morphoflow.reading.findings import Codes, Finding

# What is measured of a file of many objects.
COUNTS = {"n_objects_read": "Int64", "n_objects": "Int64"}


@dataclass
class Report:
    """What is known of one file: its findings, and what was measured of it.

    ``codes`` are those of its modality, ``id`` is the object's where a file holds just one, and
    ``measured`` has the modality's own columns of the quality table by name.
    """

    file: str
    codes: Codes
    id: str = ""
    findings: list[Finding] = field(default_factory=list)
    measured: dict[str, float] = field(default_factory=dict)

    @property
    def refusals(self) -> list[Finding]:
        """The findings for which the file, or an object in it, is refused."""
        return [finding for finding in self.findings if finding.severity(self.codes) == "refused"]

    @property
    def verdict(self) -> str:
        """``refused`` as a whole, ``partly_refused`` if objects are, ``repaired`` or ``ok``."""
        if self.refusals:
            return "refused" if any(f.id == "" for f in self.refusals) else "partly_refused"
        repaired = any(finding.severity(self.codes) == "repaired" for finding in self.findings)
        return "repaired" if repaired else "ok"

    def refuse(self, finding: Finding, on_bad_input: str) -> None:
        """List a finding, or raise InputError with its remedy if bad input is to ``stop``."""
        if on_bad_input == "stop":
            sentence = finding.sentence(self.codes)
            raise InputError(f"{self.file}: {sentence}, or set on_bad_input to skip.")
        self.findings.append(finding)


def nothing_left(reports: list[Report], otherwise: str) -> InputError:
    """The error where nothing can be used: the first refusal, or what to do if there is none."""
    for report in reports:
        for finding in report.refusals:
            sentence = finding.sentence(report.codes)
            return InputError(f"nothing is left to use. {report.file}: {sentence}.")
    return InputError(otherwise)


def quality_table(
    reports: list[Report], measured: Mapping[str, str], lines: bool = False
) -> pd.DataFrame:
    """One row a finding and, first for each file, one row with code ``verdict`` and its measures.

    ``measured`` names the modality's own columns with their types; ``id`` is empty where a finding
    concerns a whole file of many objects; with ``lines`` there is a column ``line``, which counts
    from 1 and is missing for findings on the whole file.
    """
    return as_quality([row for report in reports for row in _rows(report)], measured, lines)


def as_quality(rows: list[dict], measured: Mapping[str, str], lines: bool = False) -> pd.DataFrame:
    """Rows of :func:`quality_row` and :func:`verdict_row` as a quality table."""
    columns = {
        **dict.fromkeys(("id", "file", "verdict", "severity", "code"), "object"),
        **({"line": "Int64"} if lines else {}),
        **dict.fromkeys(("value", "message"), "object"),
        **measured,
    }
    return pd.DataFrame(rows, columns=list(columns)).astype(columns)


def with_rows(quality: pd.DataFrame, rows: list[dict]) -> pd.DataFrame:
    """The quality table with rows on objects and classes below those on files."""
    more = pd.DataFrame(rows, columns=quality.columns).astype(quality.dtypes)
    return pd.concat([quality, more], ignore_index=True) if rows else quality


def verdict_row(
    file: str, verdict: str, findings: int, measured: Mapping[str, float], id: str = ""
) -> dict:
    """The first row of a file, with the number of its findings and what was measured of it."""
    message = f"{findings} findings"
    row = quality_row(verdict, "info", "verdict", message, id=id, file=file, value=verdict)
    return {**row, **measured}


def quality_row(
    verdict: str,
    severity: str,
    code: str,
    message: str,
    *,
    id: str = "",
    file: str = "",
    line: int | None = None,
    value: str = "",
) -> dict:
    """A row on an object, a class or a file; ``verdict`` is what became of it."""
    return {
        "id": id,
        "file": file,
        "verdict": verdict,
        "severity": severity,
        "code": code,
        "line": line,
        "value": value,
        "message": message,
    }


# Rows on labels, classes and groups: what is left out, and what is only worth knowing.
fault = partial(quality_row, "skipped", "refused")
note = partial(quality_row, "ok", "info")


def _rows(report: Report) -> list[dict]:
    number, verdict = len(report.findings), report.verdict
    findings = [
        quality_row(
            verdict,
            finding.severity(report.codes),
            finding.code,
            finding.sentence(report.codes),
            id=finding.id or report.id,
            file=report.file,
            line=finding.line,
            value=finding.value,
        )
        for finding in report.findings
    ]
    return [verdict_row(report.file, verdict, number, report.measured, report.id), *findings]
