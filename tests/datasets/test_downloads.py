"""Downloads that are checked, and readers that run nothing they read."""

import contextlib
import hashlib
import http.server
import io
import os
import pickle
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from helpers import runtime
from helpers.datasets import downloads
from helpers.datasets.downloads import DataError

CONTENT = np.random.default_rng(0).bytes(3_000_000)
DIGEST = hashlib.sha256(CONTENT).hexdigest()


LONG = 300  # seconds that a busy machine may take
END = threading.Event()  # of all tests


class Server(http.server.BaseHTTPRequestHandler):
    """/whole sends CONTENT; /half promises it and stops half-way; /slow never comes to its end."""

    def do_GET(self):
        if self.path == "/missing":
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(CONTENT if self.path == "/whole" else CONTENT[: len(CONTENT) // 2])
            if self.path == "/slow":
                END.wait()

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def server():
    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    httpd.daemon_threads = True
    thread = threading.Thread(
        target=httpd.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
    )
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_port}"
    END.set()
    httpd.shutdown()
    httpd.socket.close()
    thread.join()


def test_a_download_arrives_whole_and_alone(server, tmp_path, capsys):
    path = tmp_path / "new" / "file.bin"
    downloads.download(f"{server}/whole", path, DIGEST)
    assert path.read_bytes() == CONTENT
    assert [found.name for found in path.parent.iterdir()] == ["file.bin"]
    assert "Downloading" in capsys.readouterr().out


@pytest.mark.parametrize(
    "page, digest, message",
    [
        ("whole", "0" * 64, "other bytes than expected.*COURSE_DATA_DIR"),
        ("half", DIGEST, "1,500,000 of 3,000,000 bytes.*try again"),
        ("missing", DIGEST, "404.*COURSE_PROFILE=quick"),
    ],
)
def test_a_bad_download_leaves_nothing_behind(server, tmp_path, page, digest, message):
    path = tmp_path / "file.bin"
    with pytest.raises(DataError, match=message):
        downloads.download(f"{server}/{page}", path, digest)
    assert list(tmp_path.iterdir()) == []


def test_no_network_names_the_cure(tmp_path):
    with pytest.raises(DataError, match="Cannot download .*COURSE_DATA_DIR.*COURSE_PROFILE=quick"):
        downloads.download("http://127.0.0.1:9/closed", tmp_path / "file.bin", DIGEST)


def test_an_unwritable_cache_names_the_cure(server, tmp_path):
    (tmp_path / "occupied").write_text("a file where a folder should be")
    with pytest.raises(DataError, match="Cannot write .*KERAS_HOME"):
        downloads.download(f"{server}/whole", tmp_path / "occupied" / "file.bin", DIGEST)


DOWNLOADER = """
import sys
from pathlib import Path
from helpers.datasets import downloads
downloads.download(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
"""


def start_download(url, path):
    command = [sys.executable, "-c", DOWNLOADER, url, str(path), DIGEST]
    return subprocess.Popen(
        command, cwd=runtime.ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def test_two_processes_may_download_at_once(server, tmp_path):
    path = tmp_path / "file.bin"
    both = [start_download(f"{server}/whole", path) for _ in range(2)]
    for process in both:
        output, _ = process.communicate(timeout=LONG)
        assert process.returncode == 0, output
    assert path.read_bytes() == CONTENT
    assert list(tmp_path.iterdir()) == [path]


def test_a_killed_download_never_looks_finished(server, tmp_path):
    path = tmp_path / "file.bin"
    process = start_download(f"{server}/slow", path)
    deadline = time.monotonic() + LONG
    while not any(part.stat().st_size for part in tmp_path.glob(".file.bin.*.part")):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not path.exists()
    downloads.download(f"{server}/whole", path, DIGEST)
    assert path.read_bytes() == CONTENT


class Bomb:
    def __reduce__(self):
        return os.system, ("echo this must never run",)


def test_a_pickle_can_build_arrays_and_run_nothing():
    with pytest.raises(DataError, match=r"asks to run (posix|nt).system"):
        downloads.read_pickle(io.BytesIO(pickle.dumps({b"data": Bomb()})))
    array = downloads.read_pickle(io.BytesIO(pickle.dumps({b"data": np.arange(3)})))[b"data"]
    assert array.tolist() == [0, 1, 2]
