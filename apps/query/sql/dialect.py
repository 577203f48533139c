"""ClickHouse's dialect as sqlglot reads it, made plainer: calls keep their names, `$` is a letter, `{name}` a value.

sqlglot knows hundreds of functions and translates between dialects. Here a call is a name with arguments and nothing
else, so that what is printed is what was written. The parser is loaded with the first question in SQL, not before.
"""

from functools import cache
from typing import Any, ClassVar, Final

from apps.query.sql.errors import at, refuse

MAX_LENGTH: Final = 50_000
MAX_TOKENS: Final = 10_000
MAX_DEPTH: Final = 30
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")


def parse(text: str) -> Any:  # noqa: ANN401 - a node of the parser's tree
    """Read one query; raises InvalidQueryError naming the place of what cannot be read."""
    from sqlglot.errors import ParseError, TokenError  # noqa: PLC0415 - loaded with the first question

    if len(text) > MAX_LENGTH:
        raise refuse(f"A query has {MAX_LENGTH} characters at most")
    if "\0" in text:
        raise refuse("A query holds no NUL characters")
    dialect = _dialect()
    try:
        tokens = dialect.tokenize(text)
        _check(tokens)
        trees = [tree for tree in dialect.parser().parse(tokens, text) if tree is not None]
    except TokenError as exc:
        raise refuse("The text ends within a quote or a comment, or holds a character that has no meaning") from exc
    except ParseError as exc:
        first = exc.errors[0] if exc.errors else {}
        near = str(first.get("highlight") or "")[:60]
        place = at(first["line"], max(first["col"] - len(near) + 1, 1)) if first.get("line") else ""
        raise refuse(f"The SQL cannot be read near '{near}'{place}: {first.get('description', 'unexpected')}") from exc
    except (RecursionError, ValueError, TypeError, AttributeError, IndexError, KeyError) as exc:
        # Faults of the parser over odd texts: whatever it was, the text is none a person meant.
        raise refuse("The SQL cannot be read") from exc
    if len(trees) != 1:
        raise refuse("Expected exactly one statement")
    return trees[0]


def _check(tokens: list[Any]) -> None:
    if len(tokens) > MAX_TOKENS:
        raise refuse(f"A query has {MAX_TOKENS} words at most")
    depth = 0
    for token in tokens:
        depth += (token.text in _OPENING) - (token.text in _CLOSING)
        if depth > MAX_DEPTH:
            raise refuse(f"Brackets are nested {MAX_DEPTH} deep at most{at(token.line, token.col)}")


@cache
def _dialect() -> Any:  # noqa: ANN401 - a class made here
    from sqlglot import exp  # noqa: PLC0415 - loaded with the first question
    from sqlglot.dialects.clickhouse import ClickHouse  # noqa: PLC0415 - loaded with the first question
    from sqlglot.parsers.clickhouse import ClickHouseParser  # noqa: PLC0415 - loaded with the first question
    from sqlglot.tokenizer_core import TokenType  # noqa: PLC0415 - loaded with the first question

    class Plain(ClickHouse):
        INDEX_OFFSET = 0  # so that x[1] stays x[1]

        class Tokenizer(ClickHouse.Tokenizer):
            HEREDOC_STRINGS: ClassVar[Any] = []
            VAR_SINGLE_TOKENS: ClassVar[Any] = {"$"}
            SINGLE_TOKENS: ClassVar[Any] = {
                mark: kind for mark, kind in ClickHouse.Tokenizer.SINGLE_TOKENS.items() if mark != "$"
            }

        class Parser(ClickHouseParser):
            FUNCTIONS: ClassVar[Any] = {}
            FUNCTION_PARSERS: ClassVar[Any] = {"CAST": ClickHouseParser.FUNCTION_PARSERS["CAST"]}
            NO_PAREN_FUNCTIONS: ClassVar[Any] = {}
            NO_PAREN_FUNCTION_PARSERS: ClassVar[Any] = {"CASE": ClickHouseParser.NO_PAREN_FUNCTION_PARSERS["CASE"]}

            def _parse_query_parameter(self) -> Any:  # noqa: ANN401 - as the parser's
                if self._curr and self._next and self._next.token_type is TokenType.R_BRACE:
                    name = self._curr.text
                    self._advance(2)
                    return self.expression(exp.Placeholder(this=name))
                return super()._parse_query_parameter()

    return Plain.get_or_raise(Plain)


def type_text(node: Any) -> str:  # noqa: ANN401 - a node of the parser's tree
    """Write a data type as ClickHouse names it."""
    return str(node.sql(dialect="clickhouse"))
