"""What keys look like, and what of them is stored."""

import pytest
from pytest_django import Settings

from apps.accounts import keys


def test_keys__made__are_told_apart_by_prefix_and_never_alike() -> None:
    # When
    tokens = {keys.new_project_token() for _ in range(100)}
    secrets = {keys.new_personal_key() for _ in range(100)}

    # Then
    assert len(tokens) == len(secrets) == 100
    assert all(keys.is_project_token(token) and token.startswith("phc_") for token in tokens)
    assert all(keys.is_personal_key(secret) and secret.startswith("phx_") for secret in secrets)
    assert not any(keys.is_personal_key(token) for token in tokens)
    assert not any(keys.is_project_token(secret) for secret in secrets)


def test_hash__of_a_key__is_the_known_sha_256() -> None:
    # When
    hashed = keys.hash_key("abc")

    # Then: FIPS 180-2, appendix B.1
    assert hashed == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize(
    ("value", "mask"), [("phx_0123456789abcdef", "phx_...cdef"), ("phx_0123456", "..."), ("phx_a", "..."), ("", "...")]
)
def test_mask__of_a_key__never_gives_half_of_it_away(value: str, mask: str) -> None:
    # When / Then
    assert keys.mask_key(value) == mask


def test_derived_key__is_the_same_for_a_purpose_and_deployment_only(settings: Settings) -> None:
    # Given
    settings.SECRET_KEY = "a" * 50
    here = keys.derived_personal_key("one")

    # When
    again, other = keys.derived_personal_key("one"), keys.derived_personal_key("two")
    settings.SECRET_KEY = "b" * 50
    elsewhere = keys.derived_personal_key("one")

    # Then
    assert again == here
    assert len({here, other, elsewhere}) == 3
    assert keys.is_personal_key(here)
    assert len(here) == len(keys.new_personal_key())


@pytest.mark.parametrize("token", ["phc_x", "x", "x" * 64, "a:b/c.d-e_f", "!~"])
def test_project_token__of_any_plain_text__is_accepted(token: str) -> None:
    # When / Then
    assert keys.is_project_token(token)


@pytest.mark.parametrize("token", ["", "x" * 65, "a b", "a\x00", "a\n", "é", "phx_x", "\x7f"])
def test_project_token__that_capture_would_refuse__is_refused(token: str) -> None:
    # When / Then
    assert not keys.is_project_token(token)
