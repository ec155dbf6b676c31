"""The quality table: every finding on every file and object, and a verdict for each file."""

from dataclasses import dataclass, field

import pandas as pd

from morphoflow.cells.reading.findings import Finding

COLUMNS = {
    "id": "object",
    "file": "object",
    "verdict": "object",
    "severity": "object",
    "code": "object",
    "value": "object",
    "message": "object",
    "n_objects_read": "Int64",
    "n_objects": "Int64",
}


@dataclass
class Report:
    """What is known of one file: its findings, and its objects as found and as kept."""

    file: str
    findings: list[Finding] = field(default_factory=list)
    n_objects_read: int = 0
    n_objects: int = 0
    n_clipped: int = 0
    n_at_border: int = 0

    @property
    def verdict(self) -> str:
        """``refused`` as a whole, ``partly_refused`` if objects in it are, or ``ok``."""
        refused = [finding for finding in self.findings if finding.severity == "refused"]
        if any(finding.id == "" for finding in refused):
            return "refused"
        return "partly_refused" if refused else "ok"


def quality_table(reports: list[Report]) -> pd.DataFrame:
    """One row a finding and, first for each file, one row with code ``verdict`` and the counts.

    ``id`` is empty where a finding concerns the whole file.
    """
    rows = [row for report in reports for row in _rows(report)]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)


def _rows(report: Report) -> list[dict]:
    shared = {"file": report.file, "verdict": report.verdict}
    verdict = {
        "id": "",
        "severity": "info",
        "code": "verdict",
        "value": report.verdict,
        "message": f"{len(report.findings)} findings",
        "n_objects_read": report.n_objects_read,
        "n_objects": report.n_objects,
    }
    findings = [
        {
            "id": finding.id,
            "severity": finding.severity,
            "code": finding.code,
            "value": finding.value,
            "message": finding.sentence,
        }
        for finding in report.findings
    ]
    return [{**shared, **row} for row in (verdict, *findings)]
