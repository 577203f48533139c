"""SQL in layers: each computes new columns from those below, so that none is written out, or computed, twice."""


class Layers:
    """A select that grows by wrapping: every layer hands on all columns of the one below and adds its own."""

    def __init__(self, sql: str, columns: list[str]) -> None:
        self.sql = sql
        self.columns = list(columns)

    def add(self, where: str = "", **expressions: str) -> None:
        """Add columns by name, computed from the columns that are there; `where` may use the new ones too."""
        added = [f"{expression} AS {name}" for name, expression in expressions.items()]
        condition = f"\nWHERE {where}" if where else ""
        self.sql = f"SELECT {', '.join([*self.columns, *added])}\nFROM ({self.sql}){condition}"
        self.columns += expressions

    def keep(self, *columns: str) -> None:
        """Let go of all columns but these."""
        self.columns = list(columns)
