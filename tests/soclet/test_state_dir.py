"""The folder for monitor commands' files: a name is a file in it, or is refused in a sentence."""

import os

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from soclet.errors import UserError
from soclet.state_dir import StateDir


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text("secret")
    return StateDir(tmp_path / "states")


def refusal(folder, name):
    with pytest.raises(UserError) as caught:
        folder.file(name)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_it_is_made_where_it_is_missing(tmp_path):
    assert StateDir(tmp_path / "new").path.is_dir()
    assert StateDir(tmp_path / "new").path.is_dir()


def test_a_folder_that_cannot_be_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "none" / "new", tmp_path / "file" / "new"):
        with pytest.raises(UserError, match=r"no folder, and none can be made: \w"):
            StateDir(path)


def test_a_plain_name_is_a_file_in_it(folder):
    for name in ("a", "before-crash", "x.state", "..x", "-", "a b", "Über"):
        assert folder.file(name) == folder.path / name


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "a/b", "/etc/passwd", "../outside/secret", "a\n", "\0", "a\x1b[2J", "x/"],
)
def test_what_is_no_plain_name_is_refused(folder, name):
    assert refusal(folder, name) == (
        f"{name!r} is not a plain file name, such as before-crash, which is a file in --state-dir"
    )


def test_a_name_that_no_file_can_have_is_refused(folder):
    assert "File name too long" in refusal(folder, "x" * 300)


def test_a_link_is_followed_only_within_the_folder(folder, tmp_path):
    (folder.path / "real").write_text("here")
    (folder.path / "inside").symlink_to("real")
    (folder.path / "out").symlink_to(tmp_path / "outside" / "secret")
    (folder.path / "dangling").symlink_to(tmp_path / "outside" / "new")
    (folder.path / "up").symlink_to("..")
    assert folder.file("inside") == folder.path / "real"
    for name in ("out", "dangling", "up"):
        assert "is a link that leads out of" in refusal(folder, name)


def test_what_is_no_file_is_refused(folder):
    (folder.path / "folder").mkdir()
    os.mkfifo(folder.path / "pipe")
    for name in ("folder", "pipe"):
        assert f"{name!r} is in {folder.path}, and is no file" == refusal(folder, name)


def test_the_folder_itself_may_be_behind_a_link(folder, tmp_path):
    (tmp_path / "link").symlink_to(folder.path)
    assert StateDir(tmp_path / "link").file("a") == folder.path / "a"


@given(st.text())
def test_no_name_leads_out_of_it(tmp_path_factory, name):
    assume("\ud800" not in name)
    folder = StateDir(tmp_path_factory.getbasetemp() / "any")
    try:
        path = folder.file(name)
    except UserError:
        return
    assert path.parent == folder.path
