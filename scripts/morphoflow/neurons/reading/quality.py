"""The quality table: every finding of every file, and a verdict for each."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from morphoflow.neurons.reading.findings import CODES, Finding

COLUMNS = {
    "id": "object",
    "file": "object",
    "verdict": "object",
    "severity": "object",
    "code": "object",
    "line": "Int64",
    "value": "object",
    "message": "object",
    "n_nodes_read": "Int64",
    "cable_length_read_um": "float64",
    "n_nodes": "Int64",
    "cable_length_um": "float64",
}


@dataclass
class Report:
    """What is known of one file: its findings, and its size as read and as prepared."""

    id: str
    file: str
    findings: list[Finding] = field(default_factory=list)
    n_nodes_read: int | None = None
    cable_length_read_um: float = np.nan
    n_nodes: int | None = None
    cable_length_um: float = np.nan

    @property
    def refusal(self) -> Finding | None:
        """The finding for which the file is refused, if it is."""
        return next((f for f in self.findings if f.severity == "refused"), None)

    @property
    def verdict(self) -> str:
        """``refused``, ``repaired`` or ``ok``: the worst of the findings."""
        worst = {finding.severity for finding in self.findings}
        return next((v for v in ("refused", "repaired") if v in worst), "ok")


def quality_table(reports: list[Report]) -> pd.DataFrame:
    """One row a finding and, first for each file, one row with code ``verdict`` and the sizes.

    ``line`` counts from 1 and is missing for findings on the whole file; lengths are in um;
    ``_read`` columns describe the file before anything was repaired, left out or resampled.
    """
    rows = [row for report in reports for row in _rows(report)]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)


def _rows(report: Report) -> list[dict]:
    shared = {"id": report.id, "file": report.file, "verdict": report.verdict}
    verdict = {
        "severity": "info",
        "code": "verdict",
        "value": report.verdict,
        "message": f"{len(report.findings)} findings",
        "n_nodes_read": report.n_nodes_read,
        "cable_length_read_um": report.cable_length_read_um,
        "n_nodes": report.n_nodes,
        "cable_length_um": report.cable_length_um,
    }
    findings = [
        {
            "severity": finding.severity,
            "code": finding.code,
            "line": finding.line,
            "value": finding.value,
            "message": _message(finding),
        }
        for finding in report.findings
    ]
    return [{**shared, **row} for row in (verdict, *findings)]


def _message(finding: Finding) -> str:
    if finding.severity != "refused":
        return finding.message
    return f"{finding.message}; {CODES[finding.code][1]}"
