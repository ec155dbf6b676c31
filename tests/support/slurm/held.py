"""A training that stands still, so that whatever stops it finds it in the middle."""

import subprocess
import time

import psutil

from slurm.submitted import MODEL, Submitted

LOG = MODEL.replace("results/", "results/logs/train/").replace("/model.pt", ".log")


def hold_training(workflow: Submitted, driver: subprocess.Popen) -> psutil.Process:
    """Wait until the workflow's training has done an epoch, and hold it there.

    SLURM wakes what it asks to stop: it sends SIGCONT with SIGTERM.
    """
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline and driver.poll() is None:
        for process in psutil.process_iter(["name"]):
            if "python" in process.info["name"] and _trains(process, workflow):
                process.suspend()
                return process
        time.sleep(0.05)
    driver.kill()
    raise AssertionError(f"no training was seen\n{driver.communicate()[0][-4000:]}")


def _trains(process: psutil.Process, workflow: Submitted) -> bool:
    """Whether it is the workflow's training and at work; another's log is not read."""
    try:
        ours = process.cwd() == str(workflow.folder)
        training = ours and process.cmdline()[1:2] == ["scripts/train.py"]
        stopped = training and process.status() == psutil.STATUS_STOPPED
        return training and not stopped and "epoch" in (workflow.folder / LOG).read_text()
    except (psutil.Error, OSError):
        return False
