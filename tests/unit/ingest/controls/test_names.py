"""Names, patterns and expressions as admins write them."""

import pytest
import re2

from apps.common.errors import DomainError
from apps.ingest.controls.names import LONGEST, Names, check, needle


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("email", "email", True),
        ("email", "Email", True),
        ("email", "email2", False),
        ("user_*", "user_name", True),
        ("user_*", "a_user_name", False),
        ("*token*", "api_token_2", True),
        ("a.b", "a.b", True),
        ("a.b", "axb", False),
        ("/^(first|last)_name$/", "last_name", True),
        ("/^(first|last)_name$/", "last_names", False),
        ("/mail/", "e_mail_2", True),
        ("/", "/", True),
        ("//", "//", True),
        ("$ai_*", "$ai_input", True),
    ],
)
def test_names__a_name_or_pattern__says_what_matches(text: str, name: str, expected: bool) -> None:  # noqa: FBT001 - a case
    # Given
    names = Names([text])
    # When / Then
    assert (name in names) is expected


def test_names__of_events__tell_upper_from_lower_case() -> None:
    # Given
    names = Names(["Sign up"], ignore_case=False)
    # When / Then
    assert "Sign up" in names
    assert "sign up" not in names


@pytest.mark.parametrize("text", ["/(/", "/a{2,1}/", r"/(?=a)/", "/(a{1000}){1000}/", r"/\1/", r"/\Qabc/", "/a)(b/"])
def test_check__an_expression_that_cannot_be_used__is_refused_by_name(text: str) -> None:
    # Given / When
    with pytest.raises(DomainError) as refused:
        check(text, attr="masking.0.match")
    # Then
    assert refused.value.attr == "masking.0.match"


@pytest.mark.timeout(20)
def test_names__an_expression_that_explodes_elsewhere__ends_at_once() -> None:
    # Given
    names = Names(["/(a*)*(a|aa)+b$/", "*a*a*a*a*a*a*a*b"])
    # When / Then
    assert "a" * 100_000 not in names


def test_names__many_long_names__are_not_all_remembered() -> None:
    # Given
    names = Names(["x*"])
    # When
    for number in range(10_000):
        assert f"y{number}" not in names
    assert "y" * (LONGEST + 1) not in names
    # Then
    assert len(names._known) <= 4_096


@pytest.mark.parametrize("text", ["email", "user_*", "address.street", "$set", "a-b c", "*"])
def test_needle__of_a_name__is_in_the_text_of_an_object_with_it(text: str) -> None:
    # Given
    name = text.replace("*", "anything").rpartition(".")[2]
    found = needle(text)
    assert found is not None
    # When / Then
    assert re2.search(found, f'{{"{name}": 1}}')


@pytest.mark.parametrize("text", ["/x/", "name/x", 'quo"te', "straße", "a.*", "back\\slash"])
def test_needle__where_json_may_spell_it_otherwise__does_not_say(text: str) -> None:
    # Given / When / Then
    assert needle(text) is None


@pytest.mark.timeout(20)
def test_names__hundreds_of_patterns__cost_a_name_little_more_than_one() -> None:
    # Given
    names = Names(["*".join("abcdefghij" * 10)] * 100 + [f"/x{number}[0-9]+y/" for number in range(100)])
    # When / Then
    assert sum(f"property {number}" in names for number in range(20_000)) == 0
    assert "x7001y" in names
