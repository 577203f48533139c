"""The error every layer of the embedded server speaks: ClickHouse's own number and message."""

import re
from typing import Final

UNKNOWN_EXCEPTION: Final = 1002
NOT_IMPLEMENTED: Final = 48
CODE: Final = re.compile(r"Code: (\d+)\. ((?:\w+::)+\w*Exception: .*)", re.DOTALL)
VERSION: Final = re.compile(r" \(version [\d.]+[^)]*\)\s*$")


class EngineError(Exception):
    """A statement that failed, with the code and message ClickHouse gives it."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"Code: {code}. {message}")
        self.code = code
        self.message = message

    @classmethod
    def of(cls, text: str) -> "EngineError":
        """Read the engine's own rendering, `Code: 60. DB::Exception: ... (UNKNOWN_TABLE)`."""
        found = CODE.search(text)
        if not found:
            return cls(UNKNOWN_EXCEPTION, f"DB::Exception: {text}")
        return cls(int(found[1]), VERSION.sub("", found[2]).strip())

    @classmethod
    def refuse(cls, sentence: str, code: int = NOT_IMPLEMENTED) -> "EngineError":
        """Make an error of our own in the engine's form."""
        return cls(code, f"DB::Exception: {sentence.rstrip('.')}")
