"""Reading what a user names: files and pipes to their end, and nothing that has none."""

import os
import threading
from pathlib import Path

import pytest

from toolchain.input_files import read_bytes, read_text


def test_a_file_and_a_pipe_are_read_to_their_end(tmp_path):
    (tmp_path / "file").write_bytes(b"\xffdata")
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(b"x" * 200_000,))
    writer.start()
    assert read_bytes(tmp_path / "pipe") == b"x" * 200_000
    writer.join()
    assert read_bytes(tmp_path / "file") == b"\xffdata"


@pytest.mark.parametrize("name", ["/dev/full", "/dev/zero", "/dev/null"])
def test_a_device_is_refused_since_it_may_have_no_end(name):
    with pytest.raises(OSError, match="a device, not a file"):
        read_bytes(Path(name))


def test_what_can_be_no_name_is_refused_as_the_host_would(tmp_path):
    with pytest.raises(OSError, match="no file can have that name"):
        read_bytes(tmp_path / "a\0b")


def test_text_is_utf_8(tmp_path):
    (tmp_path / "file").write_bytes("Größe\r\n".encode())
    assert read_text(tmp_path / "file") == "Größe\r\n"
    (tmp_path / "file").write_bytes(b"\xff")
    with pytest.raises(UnicodeDecodeError):
        read_text(tmp_path / "file")
