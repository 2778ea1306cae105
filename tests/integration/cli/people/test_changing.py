"""`scanyard cancel`, `suspend`, `resume`, `rerun`, `wait` and `cleanup`."""

from __future__ import annotations

import pytest

from tests.integration.cli.people.conftest import Yard


def test_cancel_by_name_by_label_and_all(yard: Yard) -> None:
    for name in ("one", "two", "done"):
        yard.job(name)
    yard.namespace.patch("scanjobs", "two", {"metadata": {"labels": {"team": "red"}}}).expect()
    yard.operator.succeeded("done")

    assert yard.tenant("cancel", "scanjob.scanyard.dev/one").out == "one: cancel requested\n"
    assert yard.spec("one")["cancel"] is True
    assert yard.tenant("cancel", "-l", "team=red", "-o", "name").out == "scanjob.scanyard.dev/two\n"
    assert yard.spec("two")["cancel"] is True
    ended = yard.tenant("cancel", "--all")
    assert ended.code == 0
    assert "done: is finished already (Succeeded)\n" in ended.out
    assert yard.spec("done")["cancel"] is False


def test_one_that_is_not_there_is_an_error_and_the_others_are_done(yard: Yard) -> None:
    yard.job("web")
    ended = yard.tenant("cancel", "nope", "web")
    assert ended.code == 1
    assert f"{yard.namespace.name} has no ScanJob nope" in ended.err
    assert yard.spec("web")["cancel"] is True


def test_suspend_and_resume(yard: Yard) -> None:
    yard.job("web")
    assert yard.tenant("suspend", "web").out == "web: suspend requested\n"
    assert yard.spec("web")["suspend"] is True
    assert yard.tenant("suspend", "web").out == "web: is suspended already\n"
    assert yard.tenant("resume", "web").out == "web: resumed\n"
    assert yard.spec("web")["suspend"] is False


def test_rerun_takes_the_cancel_back_and_gives_a_new_token_each_time(yard: Yard) -> None:
    yard.job("web")
    refused = yard.tenant("rerun", "web")
    assert (refused.code, "is not finished (Pending)" in refused.err) == (1, True)
    yard.tenant("cancel", "web")
    yard.operator.cancelled("web")
    tokens = []
    for _ in range(2):
        assert yard.tenant("rerun", "web").out == "web: rerun requested\n"
        spec = yard.spec("web")
        assert spec["cancel"] is False
        tokens.append(spec["rerunToken"])
        assert yard.tenant("rerun", "web").out == "web: is asked to run again already\n"
        assert yard.spec("web")["rerunToken"] == tokens[-1]
        yard.operator.running("web")
        yard.operator.succeeded("web")
    assert tokens[0] != tokens[1]


def test_waiting_for_many_tells_of_each_and_ends_by_the_worst(yard: Yard) -> None:
    for name in ("good", "bad", "still"):
        yard.job(name)
    yard.operator.running("good", seconds=9)
    yard.operator.succeeded("good")
    yard.operator.failed("bad", "NodeLost", "its node is gone")

    assert yard.tenant("wait", "good").code == 0
    every = yard.tenant("wait", "good", "bad")
    assert every.code == 1
    assert every.out == "good: Succeeded\nbad: Failed (NodeLost: its node is gone)\n"
    assert yard.tenant("wait", "good", "bad", "--for", "finished").code == 0
    assert yard.tenant("wait", "good", "--for", "running").code == 0
    assert yard.tenant("wait", "bad", "--for", "running").code == 1, "it never started"
    late = yard.tenant("wait", "still", "--timeout", "1s")
    assert late.code == 3
    assert "still: not there after 1s: Pending" in late.err
    assert yard.tenant("wait", "nope").code == 1


def test_the_last_outcome_does_not_count_once_a_rerun_is_asked_for(yard: Yard) -> None:
    yard.job("web")
    yard.operator.succeeded("web")
    yard.tenant("rerun", "web")
    ended = yard.tenant("wait", "web", "--timeout", "1s")
    assert ended.code == 3
    assert "asked to run again (last: Succeeded)" in ended.err


def test_waiting_ends_when_the_scan_is_deleted(yard: Yard) -> None:
    yard.job("web")
    process = yard.start("wait", "web")
    assert process.stderr is not None
    assert process.stderr.readline() == "web: Pending\n"
    yard.namespace.kubectl("delete", "scanjob/web", "--wait=false")
    _, err = process.communicate(timeout=30)
    assert (process.returncode, "web: was deleted" in err) == (1, True)


def test_cleanup_deletes_what_finished_long_ago_and_nothing_else(yard: Yard) -> None:
    for name in ("old", "older", "young", "live", "again"):
        yard.job(name)
    day = 86_400
    for name, days in (("old", 8), ("older", 80), ("young", 6), ("again", 90)):
        yard.operator.succeeded(name, seconds=days * day)
    yard.tenant("rerun", "again")

    listed = yard.tenant("cleanup", "--days", "7", "--dry-run")
    assert listed.code == 0
    assert [line.split()[0] for line in listed.out.splitlines()] == ["NAME", "old", "older"]
    unasked = yard.tenant("cleanup", "--days", "7")
    assert (unasked.code, "--yes" in unasked.err) == (2, True)
    assert "2 scans deleted." in yard.tenant("cleanup", "--days", "7", "--yes").out
    left = yard.tenant("list", "-o", "name").out
    assert sorted(left.split()) == [f"scanjob.scanyard.dev/{n}" for n in ("again", "live", "young")]


@pytest.mark.parametrize("arguments", [(), ("web", "--all"), ("--all", "-l", "a=b")])
def test_which_scans_are_meant_has_to_be_said_in_one_way(
    yard: Yard, arguments: tuple[str, ...]
) -> None:
    assert yard.tenant("cancel", *arguments).code == 2
