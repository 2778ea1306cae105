"""`scanyard setup-redis-secret`: one random password, made once."""

from __future__ import annotations

from collections.abc import Callable

from tests.unit.cli.conftest import Answer, FakeApi, Result, status

Run = Callable[..., Result]
ARGUMENTS = ("setup-redis-secret", "--name", "redis", "--namespace", "security")
ABSENT = status(404, 'secrets "redis" not found', kind="secrets")
TAKEN = status(409, 'secrets "redis" already exists', kind="secrets")


def secret(**data: str) -> Answer:
    return Answer(200, {"kind": "Secret", "apiVersion": "v1", "data": data})


def test_an_absent_secret_is_made_with_a_long_random_password(
    fake_api: FakeApi, scanyard: Run
) -> None:
    passwords = set()
    for _ in range(2):
        fake_api.answers = [ABSENT, Answer(201, {"kind": "Secret"})]
        result = scanyard(*ARGUMENTS)
        assert (result.exit_code, result.out) == (0, "security/redis: created\n")
        request = fake_api.requests[-1]
        assert (request.method, request.path) == ("POST", "/api/v1/namespaces/security/secrets")
        password = request.body["stringData"]["redis-password"]
        assert len(password) >= 40
        assert password not in result.out + result.err
        passwords.add(password)
    assert len(passwords) == 2


def test_an_existing_secret_is_never_written(fake_api: FakeApi, scanyard: Run) -> None:
    fake_api.answers = [secret(**{"redis-password": "c2VjcmV0"})]
    result = scanyard(*ARGUMENTS)
    assert (result.exit_code, result.out) == (0, "security/redis: exists, left as it is\n")
    assert [request.method for request in fake_api.requests] == ["GET"]


def test_losing_a_race_is_no_error(fake_api: FakeApi, scanyard: Run) -> None:
    fake_api.answers = [ABSENT, TAKEN, secret(**{"redis-password": "c2VjcmV0"})]
    assert scanyard(*ARGUMENTS).out == "security/redis: exists, left as it is\n"


def test_a_secret_without_the_key_says_what_to_do(fake_api: FakeApi, scanyard: Run) -> None:
    fake_api.answers = [secret(other="eA==")]
    result = scanyard(*ARGUMENTS)
    assert result.exit_code == 2
    assert "Secret security/redis: has no value under redis-password; add it" in result.err


def test_the_key_can_be_chosen(fake_api: FakeApi, scanyard: Run) -> None:
    fake_api.answers = [ABSENT, Answer(201, {"kind": "Secret"})]
    scanyard(*ARGUMENTS, "--key", "auth")
    assert list(fake_api.requests[-1].body["stringData"]) == ["auth"]


def test_forbidden_names_the_missing_right(fake_api: FakeApi, scanyard: Run) -> None:
    fake_api.answers = [status(403, 'secrets is forbidden: User "x" cannot create resource')]
    result = scanyard(*ARGUMENTS)
    assert result.exit_code == 1
    assert "cannot create resource: give this account the verb" in result.err
