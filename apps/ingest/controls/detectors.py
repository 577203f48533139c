"""Find personal data and secrets inside text and put a marker in their place.

Every pattern is ours and runs in linear time: it starts at a literal that is searched for first (`@`, `sk-`), or its
parts cannot match the same characters in two ways. `looks` say what the JSON bytes of an event must hold for a
detector to find anything in it, so that nearly every event is passed on without being parsed; escaped ASCII is the
caller's to look for (see `masking`).
"""

import re
import sys
from collections.abc import Callable, Iterable
from typing import Any, Final

import re2

Replace = Callable[[str], str]

EMAIL, CARD, SECRET, JWT, PHONE = "email", "card", "secret", "jwt", "phone"
NAMES: Final = (EMAIL, CARD, SECRET, JWT, PHONE)

# --- e-mail -------------------------------------------------------------------
_DOMAIN: Final = re.compile(r"(?:[\w-]+\.)+(?:xn--[\w-]+|[^\W\d_]{2,})")
_LOCAL: Final = re.compile(r"[\w.%+'-]")
_ODD_LOCAL: Final = re.compile(r"[\w.%+'!#$&*=?^`{|}~-]")
"""What else may stand there (RFC 5322, but for the slash), asked only when it stands right before the sign: elsewhere
it is what an address is written next to."""


_SIGNS: Final = ("@", "%40", "%2540", "&#64;", "&#x40;", "\uff20")
"""The sign itself, in a URL and in a URL inside a URL, in HTML, and in full width."""


def _emails(text: str) -> str:
    for sign in _SIGNS:
        if sign in text:
            text = _without_emails(text, sign)
    return text


def _without_emails(text: str, sign: str) -> str:
    parts: list[str] = []
    done, at = 0, text.find(sign)
    while at >= 0:
        match = _DOMAIN.match(text, at + len(sign))
        start = at
        local = _LOCAL if _LOCAL.match(text, at - 1) else _ODD_LOCAL
        while match and start > done and local.match(text, start - 1):
            start -= 1
        if match and start < at:
            parts += (text[done:start], "[email]")
            done = match.end()
        at = text.find(sign, at + 1)
    return "".join((*parts, text[done:])) if parts else text


# --- payment card --------------------------------------------------------------
_DIGITS: Final = re.compile(r"[0-9]{3,}(?:[ \u00a0._/-]{1,2}[0-9]{3,})*")
"""No card is written in groups of fewer digits, and it bounds the work on text made of single ones."""
_NARROW: Final = {0xFF10 + digit: str(digit) for digit in range(10)} | {0xFF0D: "-", 0x3000: " "}
"""Full-width digits, hyphen and blank, as compatibility normalisation (NFKC) writes them."""
_ISSUER: Final = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})"  # Visa
    r"|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}"  # Mastercard
    r"|3[47]\d{13}"  # American Express
    r"|(?:6011|64[4-9]\d|65\d\d)\d{12,15}"  # Discover
    r"|(?:30[0-5]|309|36\d|38\d|39\d)\d{11,16}"  # Diners Club
    r"|35(?:2[89]|[3-8]\d)\d{12,15}"  # JCB
    r"|62\d{14,17}"  # UnionPay
    r"|(?:5018|5020|5038|58\d\d|6304|6759|676[1-3])\d{9,15}"  # Maestro
    r"|220[0-4]\d{12}"  # Mir
)
_SHORTEST, _LONGEST = 13, 19
_DOUBLED: Final = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def is_card(digits: str) -> bool:
    """Say whether digits are a card number: an issuer's beginning and length, and the check digit of ISO/IEC 7812."""
    if not _SHORTEST <= len(digits) <= _LONGEST or not _ISSUER.fullmatch(digits):
        return False
    return (sum(map(int, digits[-1::-2])) + sum(_DOUBLED[int(digit)] for digit in digits[-2::-2])) % 10 == 0


def _cards(text: str) -> str:
    def without(run: re.Match[str]) -> str:
        return _without_cards(run.group())

    if len(text) < _SHORTEST:
        return text
    if not text.isascii():
        plain = text.translate(_NARROW)
        # What has no card in it stays as it was written.
        return cleaned if (cleaned := _DIGITS.sub(without, plain)) != plain else text
    return _DIGITS.sub(without, text)


def _without_cards(run: str) -> str:
    """Replace the cards of a run of digit groups, whichever neighbouring groups they are made of."""
    if len(run) < _SHORTEST:
        return run
    groups = list(re.finditer("[0-9]+", run))
    parts: list[str] = []
    done = first = 0
    while first < len(groups):
        digits, last = "", first
        found = None
        while last < len(groups) and len(digits := digits + groups[last].group()) <= _LONGEST:
            if is_card(digits):
                found = last
            last += 1
        if found is not None:
            parts += (run[done : groups[first].start()], "[card]")
            done, first = groups[found].end(), found
        first += 1
    return "".join((*parts, run[done:]))


# --- keys and secrets ------------------------------------------------------------
_WORD: Final = "[A-Za-z0-9_-]"
_START: Final = "(?<![A-Za-z0-9])"
_KEYS: Final = {
    "sk-": rf"sk-{_WORD}{{16,}}",  # OpenAI, Anthropic, DeepSeek, OpenRouter, Langfuse and others
    "sk_": r"sk_(?:live|test|prod)_[A-Za-z0-9_]{10,}",  # Stripe and those who follow it
    "rk_": r"rk_(?:live|test)_[A-Za-z0-9]{10,}",
    "whsec_": r"whsec_[A-Za-z0-9+/=]{20,}",
    "phx_": r"phx_[A-Za-z0-9_-]{16,}",  # PostHog's and our own personal keys
    "phs_": r"phs_[A-Za-z0-9_-]{16,}",
    "AKIA": r"AKIA[A-Z0-9]{16}(?![A-Z0-9])",  # AWS
    "ASIA": r"ASIA[A-Z0-9]{16}(?![A-Z0-9])",
    "AIza": rf"AIza{_WORD}{{35}}",  # Google
    "GOCSPX-": rf"GOCSPX-{_WORD}{{20,}}",
    "ya29.": rf"ya29\.{_WORD}{{20,}}",
    "ghp_": r"ghp_[A-Za-z0-9]{30,}",  # GitHub
    "gho_": r"gho_[A-Za-z0-9]{30,}",
    "ghu_": r"ghu_[A-Za-z0-9]{30,}",
    "ghs_": r"ghs_[A-Za-z0-9]{30,}",
    "ghr_": r"ghr_[A-Za-z0-9]{30,}",
    "github_pat_": r"github_pat_[A-Za-z0-9_]{22,}",
    "glpat-": rf"glpat-{_WORD}{{20,}}",
    "xox": r"xox[abeoprs]-[A-Za-z0-9-]{10,}",  # Slack
    "xapp-": r"xapp-[A-Za-z0-9-]{10,}",
    "hf_": r"hf_[A-Za-z0-9]{30,}",  # Hugging Face
    "gsk_": r"gsk_[A-Za-z0-9]{20,}",  # Groq
    "xai-": r"xai-[A-Za-z0-9]{20,}",
    "pplx-": r"pplx-[A-Za-z0-9]{20,}",
    "nvapi-": rf"nvapi-{_WORD}{{20,}}",
    "r8_": r"r8_[A-Za-z0-9]{30,}",  # Replicate
    "npm_": r"npm_[A-Za-z0-9]{36,}",
    "pypi-": rf"pypi-{_WORD}{{50,}}",
    "SG.": rf"SG\.{_WORD}{{16,}}\.{_WORD}{{16,}}",  # SendGrid
    "dop_v1_": r"dop_v1_[a-f0-9]{40,}",
    "dapi": r"dapi[a-f0-9]{32}",  # Databricks
    "-----BEGIN ": r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY(?:(?!-----END ).)*(?:-----END [A-Z ]{0,40}PRIVATE KEY-----)?",
    "Bearer ": r"Bearer [A-Za-z0-9._~+/-]{20,}=*",  # Authorization headers
    "bearer ": r"bearer [A-Za-z0-9._~+/-]{20,}=*",
}
_SECRET_ACCESS_KEY: Final = re.compile(r"(?<![A-Za-z0-9/+])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])")
_AWS_WORDS: Final = ("secret_access_key", "SecretAccessKey", "SECRET_ACCESS_KEY", "secretAccessKey")
_AWS_REACH: Final = 64
_SECRETS: Final = {needle: re.compile(_START + pattern, re.DOTALL) for needle, pattern in _KEYS.items()}
_LOOKS_LIKE_WORDS: Final = frozenset({"sk-"})
"""`sk-` also begins names like sk-fading-circle; a key has a digit."""


def _secrets(text: str) -> str:
    for needle, pattern in _SECRETS.items():
        if needle in text:
            text = _replace_at(text, needle, pattern, "[secret]")
    for word in _AWS_WORDS:
        if word in text:
            text = _without_access_keys(text, word)
    return text


def _replace_at(text: str, needle: str, pattern: re.Pattern[str], marker: str) -> str:
    """Replace the matches that begin with a literal: searching for it first is ten times faster than the pattern."""
    parts: list[str] = []
    done, at = 0, text.find(needle)
    while at >= 0:
        match = pattern.match(text, at)
        if match and (needle not in _LOOKS_LIKE_WORDS or any(map(str.isdigit, match.group()))):
            parts += (text[done:at], marker)
            done = match.end()
        at = text.find(needle, match.end() if match else at + 1)
    return "".join((*parts, text[done:])) if parts else text


def _without_access_keys(text: str, word: str) -> str:
    """Replace the 40 characters soon after the word that names them; by themselves they look like any hash."""
    parts: list[str] = []
    done, at = 0, text.find(word)
    while at >= 0:
        start = max(at + len(word), done)
        match = _SECRET_ACCESS_KEY.search(text, start, start + _AWS_REACH + 40)
        if match:
            parts += (text[done : match.start()], "[secret]")
            done = match.end()
        at = text.find(word, start)
    return "".join((*parts, text[done:])) if parts else text


_JWT: Final = re.compile(rf"{_START}eyJ{_WORD}{{6,}}\.eyJ{_WORD}{{2,}}(?:\.{_WORD}*)?")


def _jwts(text: str) -> str:
    return _replace_at(text, "eyJ", _JWT, "[jwt]") if "eyJ" in text else text


# --- phone ------------------------------------------------------------------------
_PHONE: Final = re.compile(
    r"(?:\+[0-9]{1,3}(?:[ .()/-]{0,2}[0-9]){6,14}|\(?[0-9]{3}\)?[ .-][0-9]{3}[ .-][0-9]{4})(?!\w)"
)


def _phones(text: str) -> str:
    def replace(match: re.Match[str]) -> str:
        before = text[match.start() - 1 : match.start()]
        return match.group() if before.isalnum() or (before in {"_", "+"} and before) else "[phone]"

    return _PHONE.sub(replace, text)


DETECTORS: Final[dict[str, Replace]] = {
    JWT: _jwts,
    SECRET: _secrets,
    EMAIL: _emails,
    CARD: _cards,
    PHONE: _phones,
}
"""In the order they run: what is inside a key is not looked at again."""

# --- the look at an event's bytes ----------------------------------------------------
_OPTIONS: Final = re2.Options()
_OPTIONS.encoding = re2.Options.Encoding.LATIN1
_OPTIONS.never_capture = True
_OPTIONS.max_mem = 64 << 20
_NEEDLES: Final = "|".join(re2.escape(needle) for needle in (*_KEYS, *_AWS_WORDS))
_LOOKS: Final = {
    EMAIL: r"@|%40|%2540|&#64;|&#x40;|\xef\xbc\xa0",
    CARD: r"[0-9](?:(?:[ ._-]|\xc2\xa0|\xe3\x80\x80|\xef\xbc\x8d|\\?/){0,2}[0-9]){12}|\xef\xbc[\x90-\x99]",
    SECRET: _NEEDLES,
    JWT: "eyJ",
    PHONE: r"[0-9](?:(?:[ .()+-]|\\?/){0,2}[0-9]){6}",
}
"""What must be there for a detector to find anything, in UTF-8 bytes."""


_SHORTEST_FIND: Final = {JWT: 13, SECRET: 14, EMAIL: 5, CARD: _SHORTEST, PHONE: 7}
_LONG: Final = 16
"""From so many characters on, one look for everything costs less than a search for each thing."""


def automaton(looks: Iterable[str]) -> Any:  # noqa: ANN401 - an untyped library
    """Make one pattern over UTF-8 bytes of many; it takes one pass whatever they are."""
    return re2.compile("|".join(looks).encode(), _OPTIONS)


_AUTOMATA: Final = {name: automaton((look,)) for name, look in _LOOKS.items()}


class Detectors:
    """The detectors a project has switched on."""

    __slots__ = ("_look", "_replaces", "_shortest", "looks", "names")

    def __init__(self, names: Iterable[str]) -> None:
        self.names = frozenset(names)
        self._replaces = tuple(
            (_SHORTEST_FIND[name], _AUTOMATA[name], replace)
            for name, replace in DETECTORS.items()
            if name in self.names
        )
        self._shortest = min((length for length, _, _ in self._replaces), default=sys.maxsize)
        self.looks = tuple(look for name, look in _LOOKS.items() if name in self.names)
        self._look = automaton(self.looks)

    def __bool__(self) -> bool:
        """Say whether any is on."""
        return bool(self._replaces)

    def clean(self, text: str) -> str:
        """Put markers in place of what is found; the very same text when nothing is."""
        length = len(text)
        if length < self._shortest:
            return text
        if length > _LONG:
            return self._clean_long(text)
        for shortest, _, replace in self._replaces:
            if length >= shortest:
                text = replace(text)
        return text

    def _clean_long(self, text: str) -> str:
        raw = text.encode(errors="replace")
        if self._look.search(raw) is None:
            return text
        for _, look, replace in self._replaces:
            if look.search(raw) is not None:
                text = replace(text)
        return text

    def is_card_number(self, number: float) -> bool:
        """Say whether a JSON number is a payment card."""
        return CARD in self.names and is_card(str(abs(int(number))))
