"""Progress: a bar on a terminal, a line now and then elsewhere."""

import contextlib
import io
import re
import sys
import time

import pytest

from fairsched_fast import compiling, progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_shows_a_bar_that_goes_when_all_is_done(monkeypatch):
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    monkeypatch.setenv("TERM", "xterm")
    with progress.progress(4000, "scenarios") as advance:
        advance(1000)
        advance(3000)
    shown = terminal.getvalue()
    assert "4,000 of 4,000 scenarios" in shown
    assert "100%" in shown
    assert "0:00:00 so far, 0:00:00 left" in re.sub(r"\x1b\[\d+m", "", shown)
    assert shown.endswith("\x1b[2K")  # the line is wiped


def test_lines_elsewhere_say_how_far_it_is_but_not_that_it_ended(monkeypatch, capsys):
    monkeypatch.setattr(progress, "_EVERY", 0)
    with progress.progress(4000, "scenarios") as advance:
        advance(1000)  # with all that had to be made ready: no pace yet
        advance(1000)
        advance(2000)
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "2,000 of 4,000 scenarios, about 0 s left\n"


def test_short_work_says_nothing(capsys):
    with progress.progress(2, "scenarios") as advance:
        advance(1)
        advance(1)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("read", [True, False])
def test_a_kernel_that_takes_long_to_compile_is_told_once(read, monkeypatch, capsys):
    monkeypatch.setattr(compiling, "_SILENCE", 0.01)
    monkeypatch.setattr(compiling, "_notice", compiling._Notice())
    with compiling.telling() if read else contextlib.nullcontext():
        for kernel in ("one", "another"):
            with compiling.first_use((kernel, read)):
                time.sleep(0.1)
    assert capsys.readouterr() == ("", compiling.NOTICE if read else "")
