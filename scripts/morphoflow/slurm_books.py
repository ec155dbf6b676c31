"""What SLURM's accounting says of finished jobs, where a site keeps it."""

import io
import shutil
import subprocess

import pandas as pd

FIELDS = ("JobIDRaw", "JobName", "Comment", "State", "ElapsedRaw", "TotalCPU", "MaxRSS", "ReqMem")
KEPT = ("FAILED", "TIMEOUT", "OUT_OF_MEMORY", "CANCELLED", "NODE_FAIL", "PREEMPTED")


def read_books(since: str) -> pd.DataFrame | None:
    """Jobs and steps of this user since a time that ``sacct`` understands, or None without books.

    ``sacct`` may be there and answer that accounting is disabled.
    """
    if shutil.which("sacct") is None:
        return None
    line = ["sacct", "--parsable2", f"--format={','.join(FIELDS)}", f"--starttime={since}"]
    done = subprocess.run(line, capture_output=True, text=True, timeout=120)
    return None if done.returncode else parse_books(done.stdout)


def parse_books(text: str) -> pd.DataFrame:
    """The rows of ``sacct --parsable2`` with the rule of each job, of which steps have none.

    The executor names the rule in the job's comment, which books keep where their
    AccountingStoreFlags say so.
    """
    table = pd.read_csv(io.StringIO(text), sep="|", dtype=str, keep_default_na=False)
    table["rule"] = table["Comment"].str.extract(r"^rule_(.*?)(?:_wildcards_.*)?$", expand=False)
    # "CANCELLED by 1000" names the user.
    table["State"] = table["State"].str.split().str[0]
    return table


def failures(books: pd.DataFrame) -> pd.DataFrame:
    """How many jobs of each rule ended in each way that was not success."""
    failed = books[books["rule"].notna() & books["State"].isin(KEPT)]
    return failed.groupby(["rule", "State"]).size().rename("jobs").reset_index()
