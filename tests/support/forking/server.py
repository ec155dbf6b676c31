"""Runs scripts in forks of one process that has loaded the large packages.

A job of the small workflows computes for less time than Python takes to load them, some two
seconds. Each job is still a process of its own that loads the library's own modules by itself, with
its own flags, folder, environment and output. Started with the path of a socket; it ends when its
standard input does, so never later than the tests.
"""

import json
import os
import runpy
import signal
import socket
import sys
import threading
import traceback

import anndata  # noqa: F401
import hdbscan  # noqa: F401
import lightning_fabric  # noqa: F401
import matplotlib.figure  # noqa: F401
import numba  # noqa: F401
import scipy.stats  # noqa: F401
import skimage.measure  # noqa: F401
import sklearn.ensemble  # noqa: F401
import tensorstore  # noqa: F401
import tifffile  # noqa: F401
import torch  # noqa: F401


def serve(path: str) -> None:
    """Fork once for each connection."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_tests, daemon=True).start()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"{path}.new")
    listener.listen(64)
    os.rename(f"{path}.new", path)
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            _run(connection)
        connection.close()


def _end_with_the_tests() -> None:
    os.read(0, 1)
    os._exit(0)


def _run(connection: socket.socket) -> None:
    """Become the job that the connection describes, and send its exit status."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    length, outputs, _, _ = socket.recv_fds(connection, 8, 3)
    job = json.loads(_receive(connection, int.from_bytes(length)))
    for number, output in enumerate(outputs):
        os.dup2(output, number)
    os.chdir(job["folder"])
    os.environ.clear()
    os.environ.update(job["environment"])
    threading.Thread(target=_end_with, args=[connection], daemon=True).start()
    status = _status_of(job["arguments"])
    sys.stdout.flush()
    sys.stderr.flush()
    connection.sendall(bytes([status & 255]))
    os._exit(status & 255)


def _receive(connection: socket.socket, length: int) -> bytes:
    text = b""
    while len(text) < length:
        text += connection.recv(length - len(text))
    return text


def _end_with(connection: socket.socket) -> None:
    """The job is killed when whoever asked for it is."""
    connection.recv(1)
    os.kill(os.getpid(), signal.SIGKILL)


def _status_of(arguments: list[str]) -> int:
    """Run a script as Python does, and return what it would exit with."""
    sys.argv = arguments
    sys.path[0] = os.path.dirname(os.path.abspath(arguments[0]))
    try:
        runpy.run_path(arguments[0], run_name="__main__")
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    serve(sys.argv[1])
