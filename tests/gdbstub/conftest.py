"""A client talking to a session on a fake target; each test is run whole and byte by byte."""

import pytest
from fake_target import FakeTarget
from rsp import apart, frame

from gdbstub.session import Session


class Talk:
    """One client. `ask` gives the payloads that answer a packet, marks left out."""

    def __init__(self, target, bytewise=False, **options):
        self.target = target
        self.session = Session(target, **options)
        self.bytewise = bytewise

    def send(self, data):
        """Send bytes as they are; give all that comes back, apart."""
        chunks = [data[n : n + 1] for n in range(len(data))] if self.bytewise else [data]
        return apart(b"".join(map(self.session.receive, chunks)))

    def ask_all(self, *payloads):
        replies = self.send(b"".join(map(frame, payloads)))
        return [each for each in replies if each not in (b"+", b"-")]

    def ask(self, payload):
        replies = self.ask_all(payload)
        assert len(replies) == 1, replies
        return replies[0]

    def interrupt(self):
        return self.send(b"\x03")

    def stopped(self, event):
        return apart(self.session.stopped(event))

    def answered(self, answer):
        return apart(self.session.answered(answer))

    def reassured(self):
        return apart(self.session.reassure())


@pytest.fixture(params=[False, True], ids=["in one chunk", "byte by byte"])
def bytewise(request):
    return request.param


@pytest.fixture
def target():
    return FakeTarget()


@pytest.fixture
def connect(bytewise):
    """Makes a client of a target, its bytes cut as this run of the test wants."""
    return lambda target, **options: Talk(target, bytewise, **options)


@pytest.fixture
def talk(connect, target):
    return connect(target)
