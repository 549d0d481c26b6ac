"""Reading what the library says when its input is wrong."""

from contextlib import contextmanager

import pytest

import fairsched_fast as fs


@contextmanager
def refused(*words):
    """The block raises InputError, and its message holds each of the words."""
    with pytest.raises(fs.InputError) as caught:
        yield
    for word in words:
        assert word in str(caught.value)
