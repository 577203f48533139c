"""What can go wrong between us and ClickHouse, as classes a caller can tell apart.

ClickHouseError                   the server's code and its message, shortened to what a person reads
├── ClickHouseUnavailableError    no server, no answer, no free connection, shutting down: trying again may work
├── QueryTimeoutError             the query ran longer than it may
├── QueryMemoryError              the query needed more memory than it may
├── TooManyRowsError              the query read or returned more than it may
├── QueryCancelledError           somebody stopped the query
├── QuerySyntaxError              the text is no ClickHouse SQL
├── UnknownNameError              a table, column, function or setting that is not there
├── QueryTypeError                an operation on types that do not take it, a value that does not convert
├── AccessDeniedError             wrong password, or a right that is missing
└── StorageFullError              the server cannot write: disk full, too many parts, read-only table

None of them is a `DomainError`: an app that shows one to a person turns it into its own error first.
Codes: src/Common/ErrorCodes.cpp of ClickHouse.
"""

import re


class ClickHouseError(Exception):
    """A refusal or failure of ClickHouse with its own numeric code (0 when the server never answered)."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        """Say what a log line needs."""
        return f"{self.message} (ClickHouse code {self.code})"


class ClickHouseUnavailableError(ClickHouseError):
    """The server cannot be reached or gave no answer in time; trying again may work."""


class QueryTimeoutError(ClickHouseError):
    """The query ran longer than its `max_execution_time`."""


class QueryMemoryError(ClickHouseError):
    """The query, or the server as a whole, ran out of the memory it may use."""


class TooManyRowsError(ClickHouseError):
    """The query would read or return more rows or bytes than its limits allow."""


class QueryCancelledError(ClickHouseError):
    """The query was stopped on request."""


class QuerySyntaxError(ClickHouseError):
    """ClickHouse could not parse the statement."""


class UnknownNameError(ClickHouseError):
    """The statement names a table, column, function, type or setting that does not exist."""


class QueryTypeError(ClickHouseError):
    """The statement applies an operation to types or values that do not take it."""


class AccessDeniedError(ClickHouseError):
    """The credentials are wrong or lack a right."""


class StorageFullError(ClickHouseError):
    """The server takes no more writes for now."""


_CODES: dict[type[ClickHouseError], tuple[int, ...]] = {
    # 3/32 end of file, 209/210 socket and network, 202 too many queries, 203 no free connection, 236 aborted,
    # 279 all tries failed, 425 system error, 594/598 shutting down, 735 client gone, 999 keeper.
    ClickHouseUnavailableError: (3, 32, 202, 203, 209, 210, 236, 279, 425, 594, 735, 999),
    QueryTimeoutError: (159, 160),
    QueryMemoryError: (173, 241),
    TooManyRowsError: (158, 191, 307, 396),
    QueryCancelledError: (394,),
    QuerySyntaxError: (26, 62, 63),
    UnknownNameError: (10, 16, 46, 47, 50, 60, 81, 115, 352),
    QueryTypeError: (6, 27, 38, 41, 42, 43, 44, 53, 69, 70, 72, 117, 130, 131, 184, 215, 376, 386, 407, 457),
    AccessDeniedError: (164, 192, 193, 194, 195, 291, 497, 516),
    StorageFullError: (242, 243, 252, 319, 1000),
}
_BY_CODE = {code: kind for kind, codes in _CODES.items() for code in codes}
_STACK = re.compile(r"\s*(?:Stack trace:|\(version \d).*", re.DOTALL)
_PREFIX = re.compile(r"^(?:Code: \d+\.\s*)?(?:DB::(?:Net|Parsing)?Exception: )+")


def from_code(code: int, message: str) -> ClickHouseError:
    """Make the error class that belongs to a server's code, with its message freed of stack trace and prefix."""
    text = _PREFIX.sub("", _STACK.sub("", message).strip())
    return _BY_CODE.get(code, ClickHouseError)(code, text)
