"""What kind of statement a SQL text is, told from its tokens alone.

The native protocol treats an INSERT whose rows come from the client differently from everything else, and
leaves FORMAT and INTO OUTFILE to the client; the engine inside this process would obey them itself.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from apps.clickhouse.embedded.errors import EngineError

TOKEN: Final = re.compile(
    r"""
    (?P<space>\s+|--[^\n]*|\#[ !][^\n]*|/\*.*?(?:\*/|\Z))
    |(?P<quoted>'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|`(?:[^`\\]|\\.|``)*`|(?P<tag>\$\w*\$).*?(?P=tag))
    |(?P<word>\w+)
    |(?P<mark>.)
    """,
    re.VERBOSE | re.DOTALL,
)
CLIENT_SIDE: Final = re.compile(r"\b(?:format|outfile|totals)\b", re.IGNORECASE)
STREAMED: Final = frozenset({"SELECT", "WITH", "(", "FROM"})
INSERT_SOURCES: Final = frozenset({"SELECT", "WITH", "FROM", "WATCH", "EXPLAIN"})
OPENING: Final = frozenset("([{")
CLOSING: Final = frozenset(")]}")
BARE_NAMES: Final = re.compile(r"[\w.,\s`\"]*")


@dataclass(frozen=True, slots=True)
class Token:
    """A meaningful piece of SQL: its text, where it stands, and how many brackets are open around it."""

    text: str
    start: int
    end: int
    depth: int
    quoted: bool

    @property
    def word(self) -> str:
        """The text as a keyword; empty for anything quoted."""
        return "" if self.quoted else self.text.upper()


@dataclass(frozen=True, slots=True)
class Insert:
    """An INSERT whose rows the client sends: its text before VALUES or FORMAT, the table, the column list."""

    text: str
    target: str
    columns: str | None

    @property
    def names(self) -> list[str] | None:
        """The listed columns when they are plain names, else None: then only the engine can tell them."""
        if self.columns is None or not BARE_NAMES.fullmatch(self.columns):
            return None
        parts: list[str] = [""]
        for token in tokens(self.columns):
            if token.text == ",":
                parts.append("")
            else:
                parts[-1] += unquote(token.text)
        return [part for part in parts if part]


def tokens(sql: str) -> Iterator[Token]:
    """Cut SQL into tokens, leaving out spaces and comments."""
    depth = 0
    for match in TOKEN.finditer(sql):
        if match.lastgroup == "space":
            continue
        text = match[0]
        depth -= text in CLOSING
        yield Token(text, match.start(), match.end(), depth, match["quoted"] is not None)
        depth += text in OPENING


def unquote(identifier: str) -> str:
    """Take the name behind an identifier that may stand in backticks or double quotes."""
    if identifier[:1] in ("`", '"') and len(identifier) > 1:
        return re.sub(r"\\(.)", r"\1", identifier[1:-1]).replace(identifier[0] * 2, identifier[0])
    return identifier


def as_subquery(sql: str) -> str:
    """Put a query into brackets, without the semicolon it may end with."""
    last = list(tokens(sql))[-1:]
    text = sql[: last[0].start] if last and last[0].text == ";" else sql
    return f"({text}\n)"


def first_word(sql: str) -> str:
    """Find the first keyword of the statement, in capitals."""
    return next((token.word for token in tokens(sql)), "")


def client_insert(sql: str) -> Insert | None:
    """Read an INSERT that waits for rows from the client; None when its rows are in the text or a query."""
    words: list[Token] = []
    for token in tokens(sql):
        words.append(token)
        if token.depth:
            continue
        if token.word in ("VALUES", "FORMAT") and len(words) > 2:  # noqa: PLR2004 - INSERT, a table, then this
            return _waiting(sql, words)
        if token.word in INSERT_SOURCES:
            if token.word == "FROM":
                raise EngineError.refuse("INSERT ... FROM INFILE reads files of the client; send the rows instead.")
            return None
        if token.text == "(" and _is_query(sql, token):
            return None
    return _insert(sql, words)


def _is_query(sql: str, bracket: Token) -> bool:
    return next((token.word for token in tokens(sql[bracket.end : bracket.end + 4096])), "") in ("SELECT", "WITH")


def _waiting(sql: str, words: list[Token]) -> Insert | None:
    keyword = words[-1]
    rest = [token.text for _, token in zip(range(3), tokens(sql[keyword.end :]), strict=False)]
    if keyword.word == "FORMAT":
        rest = rest[1:]
    if rest and rest != [";"]:
        return None
    return _insert(sql, words[:-1])


def _insert(sql: str, words: list[Token]) -> Insert:
    """Find the table and the column list among the tokens of `INSERT INTO [TABLE] [FUNCTION] name [(columns)]`."""
    words = words[:-1] if words[-1].text == ";" else words
    rest = words[1:]
    while rest and rest[0].word in ("INTO", "TABLE"):
        rest = rest[1:]
    is_function = bool(rest) and rest[0].word == "FUNCTION"
    rest = rest[1:] if is_function else rest
    top = [token for token in rest if token.depth == 0]
    if not top:
        raise EngineError.refuse("An INSERT without a table.", 62)
    brackets = [(top[i], top[i + 1]) for i in range(len(top) - 1) if top[i].text == "(" and top[i + 1].text == ")"]
    settings = next((token.start for token in top if token.word == "SETTINGS"), len(sql))
    own = brackets[: 1 if is_function else 0]
    listed = brackets[len(own) :]
    columns = sql[listed[0][0].end : listed[0][1].start] if listed else None
    target_end = listed[0][0].start if listed else settings
    name_end = max(token.end for token in rest if token.end <= target_end)
    return Insert(sql[: words[-1].end], sql[top[0].start : name_end], columns)


def server_text(sql: str) -> str:
    """Give the statement as the server runs it: without FORMAT, which is the client's; clear refusals for the rest."""
    if not CLIENT_SIDE.search(sql):
        return sql
    top = [token for token in tokens(sql) if token.depth == 0]
    for token, following in pairwise(top):
        pair = (token.word, following.word)
        if pair == ("INTO", "OUTFILE"):
            raise EngineError.refuse("INTO OUTFILE is the client's to do, the server writes no files for it.")
        if pair == ("WITH", "TOTALS"):
            raise EngineError.refuse("WITH TOTALS is not carried by the embedded server; use GROUPING SETS or ROLLUP.")
    for index in range(len(top) - 2, 0, -1):
        if top[index].word == "FORMAT" and not top[index + 1].quoted:
            rest = [token.word for token in top[index + 2 :]]
            if not rest or rest[0] in (";", "SETTINGS"):
                return sql[: top[index].start] + sql[top[index + 1].end :]
    return sql
