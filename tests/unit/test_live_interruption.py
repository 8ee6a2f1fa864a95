"""Signals: the first one leaves, further ones never interrupt what puts everything back."""

from __future__ import annotations

import os
import signal
import sys
import threading

import pytest

from harness.processes import interruption
from harness.processes.interruption import SIGNALS, guarded, held

STOPPING = "stopping; a moment ..."


def send(number: int) -> None:
    os.kill(os.getpid(), number)


def handlers() -> list[object]:
    return [signal.getsignal(number) for number in SIGNALS]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_whatever_ends_a_run_ends_it_by_the_same_way_and_gives_the_signal_back(number: signal.Signals) -> None:
    before = handlers()
    with pytest.raises(KeyboardInterrupt), guarded():
        send(number)
    assert handlers() == before


def test_a_second_signal_does_not_interrupt_the_clean_up(capfd: pytest.CaptureFixture[str]) -> None:
    healed = []

    def drill() -> None:
        try:
            send(signal.SIGTERM)
        finally:
            for number in SIGNALS:
                send(number)
                healed.append(number)

    with pytest.raises(KeyboardInterrupt), guarded():
        drill()
    assert healed == list(SIGNALS)
    assert capfd.readouterr().err.count(STOPPING) == 3


def test_the_first_signal_waits_for_a_clean_up_that_runs_anyhow(capfd: pytest.CaptureFixture[str]) -> None:
    healed = []

    def clean_up() -> None:
        with held():
            with held():
                send(signal.SIGINT)
                healed.append("inner")
            healed.append("outer")

    with guarded():
        with pytest.raises(KeyboardInterrupt):
            clean_up()
        send(signal.SIGINT)  # it is stopping now
    assert healed == ["inner", "outer"]
    assert capfd.readouterr().err.count(STOPPING) == 2


def test_a_clean_up_that_nobody_disturbs_goes_on_as_if_nothing_were() -> None:
    with held():
        pass
    with guarded():
        with held():
            pass
        with pytest.raises(KeyboardInterrupt):
            send(signal.SIGINT)


def test_a_clean_up_that_hangs_does_not_hold_the_command_for_ever(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    left = threading.Event()
    codes: list[int] = []

    def leave(code: int) -> None:
        codes.append(code)
        left.set()

    def drill() -> None:
        try:
            send(signal.SIGTERM)
        finally:
            assert left.wait(5)

    monkeypatch.setattr(interruption.os, "_exit", leave)
    with pytest.raises(KeyboardInterrupt), guarded(limit_s=0.01):
        drill()
    assert codes == [130]
    assert "could not stop in time" in capfd.readouterr().err


def test_an_interrupt_that_got_lost_can_be_given_again(monkeypatch: pytest.MonkeyPatch) -> None:
    class Garbage:
        def __del__(self) -> None:
            send(signal.SIGINT)

    lost = []
    monkeypatch.setattr(sys, "unraisablehook", lambda raised: lost.append(raised.exc_type))
    with guarded():
        Garbage()
        send(signal.SIGINT)
        monkeypatch.setattr(interruption, "LOST_AFTER_S", 0.0)
        with pytest.raises(KeyboardInterrupt):
            send(signal.SIGINT)
    assert lost == [KeyboardInterrupt]


def test_signals_that_are_ignored_on_purpose_stay_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with guarded():
            send(signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_only_the_outermost_takes_the_signals_and_none_outside_the_main_thread() -> None:
    with guarded():
        ours = handlers()
        with guarded():
            assert handlers() == ours
        assert handlers() == ours
    before = handlers()
    seen = []

    def elsewhere() -> None:
        with guarded():
            seen.append(handlers())

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert seen == [before]
