"""Names are looked up once, absolutely, and a name without an address says what to do."""

from __future__ import annotations

import pytest

from scanyard.controller.pods.resolve import UnresolvableError, resolve, spelling


@pytest.mark.parametrize(
    ("name", "looked_up"),
    [
        ("example.com", "example.com."),
        ("web.team.svc.cluster.local", "web.team.svc.cluster.local."),
        ("web.team.svc", "web.team.svc"),
        ("web", "web"),
    ],
)
def test_only_cluster_names_use_the_search_list(name: str, looked_up: str) -> None:
    assert spelling(name) == looked_up


async def test_addresses_are_of_one_family_and_sorted() -> None:
    assert await resolve(["localhost"]) == {"localhost": ("127.0.0.1",)}


async def test_a_name_without_an_address_says_what_to_do() -> None:
    with pytest.raises(UnresolvableError, match=r"no-such-name.invalid .*use its address"):
        await resolve(["no-such-name.invalid"])
