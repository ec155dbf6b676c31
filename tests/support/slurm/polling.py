"""Snakemake, asking SLURM every second for finished jobs: in earnest the plugin takes its time.

It starts at the interval of the profile and adds ten seconds for every answer without news, which
no option changes. Started in the background of a script, it would ignore SIGINT, as all such
processes do; the tests stop it by this signal, so it takes it again.
"""

import signal
import sys

from snakemake.cli import main
from snakemake_executor_plugin_slurm import Executor

Executor.next_seconds_between_status_checks = property(lambda self: 1, lambda self, value: None)

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(main())
