"""`soclet gdb-script`: where the script goes."""


def test_it_is_printed(here, script):
    ended = here("gdb-script")
    assert (ended.status, ended.output.decode(), ended.errors) == (0, script, "")


def test_it_is_written(here, script, tmp_path):
    ended = here("gdb-script", "-o", tmp_path / "gdb.py")
    assert (ended.status, ended.output, ended.errors) == (0, b"", "")
    assert (tmp_path / "gdb.py").read_text(encoding="utf-8") == script


def test_a_place_that_cannot_be_written_is_told(here, tmp_path):
    ended = here("gdb-script", "-o", tmp_path / "none" / "gdb.py")
    assert ended.status == 1
    assert "cannot be written" in ended.complaint
