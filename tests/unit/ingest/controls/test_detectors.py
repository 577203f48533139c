"""The detectors: what each finds, what none may find, and what holds for any text."""

import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from apps.ingest.controls.detectors import CARD, EMAIL, JWT, NAMES, PHONE, SECRET, Detectors, is_card

EVERY = Detectors(NAMES)
WORD = string.ascii_letters + string.digits
AROUND = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="0123456789@%"), max_size=40)


def _with_check_digit(digits: str) -> str:
    return next(digits + last for last in "0123456789" if is_card(digits + last))


CARDS = st.one_of(
    st.text("0123456789", min_size=14, max_size=14).map(lambda rest: _with_check_digit("4" + rest)),
    st.text("0123456789", min_size=13, max_size=13).map(lambda rest: _with_check_digit("55" + rest)),
    st.text("0123456789", min_size=12, max_size=12).map(lambda rest: _with_check_digit("37" + rest)),
    st.text("0123456789", min_size=11, max_size=11).map(lambda rest: _with_check_digit("6011" + rest)),
)
KEYS = st.one_of(
    st.text(WORD, min_size=20, max_size=60).map(lambda rest: f"sk-proj-7{rest}"),
    st.text(WORD, min_size=20, max_size=60).map(lambda rest: f"sk-ant-api03-{rest}"),
    st.text(WORD, min_size=20, max_size=40).map(lambda rest: f"phx_{rest}"),
    st.text(string.ascii_uppercase + string.digits, min_size=16, max_size=16).map(lambda rest: f"AKIA{rest}"),
    st.text(WORD, min_size=36, max_size=36).map(lambda rest: f"ghp_{rest}"),
    st.text(WORD, min_size=35, max_size=35).map(lambda rest: f"AIza{rest}"),
    st.text(WORD, min_size=30, max_size=30).map(lambda rest: f"hf_{rest}"),
)
TOKENS = st.tuples(*(st.text(WORD + "-_", min_size=10, max_size=60),) * 3).map(
    lambda parts: f"eyJ{parts[0]}.eyJ{parts[1]}.{parts[2]}"
)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        (EMAIL, "write to ada.l+x@mail.example.co.uk, please", "write to [email], please"),
        (EMAIL, "?to=ada%40example.com&x=1", "?to=[email]&x=1"),
        (EMAIL, "jörg@müller.example", "[email]"),
        (EMAIL, "a@b.de,c@d.com", "[email],[email]"),
        (EMAIL, "x\nada@example.com", "x\n[email]"),
        (EMAIL, "?u=%3Fto%3Dada%2540example.com", "?u=[email]"),
        (EMAIL, "<b>ada&#64;example.com</b>", "<b>[email]</b>"),
        (EMAIL, "ada\uff20example.com", "[email]"),
        (CARD, "card 4111 1111 1111 1111.", "card [card]."),
        (CARD, "4111.1111.1111.1111", "[card]"),
        (CARD, "4111_1111_1111_1111", "[card]"),
        (CARD, "4111/1111/1111/1111", "[card]"),
        (CARD, "4111  1111  1111  1111", "[card]"),
        (CARD, "4111 - 1111", "4111 - 1111"),
        (CARD, "".join(chr(0xFF10 + int(digit)) for digit in "4111111111111111"), "[card]"),
        (CARD, "caf\u00e9 \uff11\uff12 4111\u00a01111\u00a01111\u00a01111", "caf\u00e9 12 [card]"),
        (CARD, "\uff11\uff12 caf\u00e9 and nothing", "\uff11\uff12 caf\u00e9 and nothing"),
        (CARD, "4111-1111-1111-1111", "[card]"),
        (CARD, "order 12 3782 822463 10005", "order 12 [card]"),
        (CARD, "100 4111111111111111", "100 [card]"),
        (SECRET, "key=sk-proj-abcDEF1234567890abcdef;", "key=[secret];"),
        (SECRET, "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "AWS_SECRET_ACCESS_KEY=[secret]"),
        (SECRET, "Authorization: Bearer abcdefghij0123456789xyz", "Authorization: [secret]"),
        (SECRET, "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----.", "[secret]."),
        (SECRET, "-----BEGIN PRIVATE KEY-----\nMIIE", "[secret]"),
        (JWT, "t=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc-d_f!", "t=[jwt]!"),
        (PHONE, "call +49 170 1234567 or (555) 123-4567", "call [phone] or [phone]"),
    ],
)
def test_detector__what_it_is_for__becomes_a_marker(name: str, text: str, expected: str) -> None:
    # Given
    detectors = Detectors([name])
    # When
    cleaned = detectors.clean(text)
    # Then
    assert cleaned == expected


@pytest.mark.parametrize(
    "text",
    [
        "posthog-js@1.418.10",
        "@app.route and @sentry/node",
        "a risk-assessment-of-the-whole-thing-2 and sk-fading-circle-container",
        "4111 1111 1111 1112",
        "2026-11-22T10:00:00.123Z",
        "1732269600123 1732269600123456",
        "0193f0a2-7c44-7d3e-9a52-446655440000",
        "eyJust a word.eyJ",
        "AKIA is a prefix",
        "$12,345,678.90 and 1.2.3.4",
    ],
)
def test_detectors__what_only_looks_alike__stays(text: str) -> None:
    # Given / When / Then
    assert EVERY.clean(text) == text


@given(AROUND, st.emails().filter(lambda address: "/@" not in address), AROUND)
@example("", "{@A.AC", "")
@example("", "foo!@bar.com", "")
def test_email__any_address_in_any_text__is_gone(before: str, secret: str, after: str) -> None:
    # Given
    text = f"{before} {secret} {after}"
    # When
    cleaned = EVERY.clean(text)
    # Then
    assert secret not in cleaned


@given(AROUND, CARDS, st.sampled_from(["", " ", "-"]), AROUND)
def test_card__any_number_in_any_text__is_gone(before: str, secret: str, gap: str, after: str) -> None:
    # Given
    written = gap.join(secret[start : start + 4] for start in range(0, 12, 4)) + gap + secret[12:]
    # When
    cleaned = EVERY.clean(f"{before} {written} {after}")
    # Then
    assert written not in cleaned or len(secret[12:]) < 3
    assert secret not in EVERY.clean(f"{before} {secret} {after}")


@given(AROUND, KEYS, AROUND)
def test_secret__any_key_in_any_text__is_gone(before: str, secret: str, after: str) -> None:
    # Given / When
    cleaned = EVERY.clean(f"{before} {secret} {after}")
    # Then
    assert secret not in cleaned
    assert len(cleaned) <= len(f"{before}  {after}") + len("[secret]")


@given(AROUND, TOKENS, AROUND)
def test_jwt__any_token_in_any_text__is_gone(before: str, secret: str, after: str) -> None:
    # Given / When
    cleaned = EVERY.clean(f"{before} {secret} {after}")
    # Then
    assert secret not in cleaned


@given(st.text(max_size=300))
@example("sk-" * 50 + "4111 1111 1111 1111 a@b.de")
@example("a@b.c@d.ef")
@example("eyJaaaaaaa.eyJaa.eyJaa.a@eyJ.de")
@example("a@b.de1234567890123@c.com")
def test_detectors__any_text__never_raise_and_change_nothing_the_second_time(text: str) -> None:
    # Given
    once = EVERY.clean(text)
    # When
    twice = EVERY.clean(once)
    # Then
    assert twice == once


@pytest.mark.parametrize(
    "part",
    ["a@", "@a.", "1 ", "123 ", "sk-", "sk-a", "eyJ", "eyJaaaaaa.", "-----BEGIN ", "4111", "+1 ", "Bearer ", "SG.aaa",
     "secret_access_key", "-----BEGIN RSA PRIVATE KEY", "a.a", "a-", "@a-", "xoxb-", "dapi"],
)  # fmt: skip
@pytest.mark.timeout(30)
def test_detectors__a_long_text_of_one_beginning__end_soon(part: str) -> None:
    # Given
    text = part * (400_000 // len(part))
    # When
    cleaned = EVERY.clean(text)
    # Then
    assert len(cleaned) <= len(text)
