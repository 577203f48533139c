"""Values on their way into a Statement, numbered so that text and values stay apart, and what filters must know."""


class Bindings:
    """Collects the values of one statement and gives each the parameter that stands for it in the text.

    It also carries what filters can save: `has_merges` false says that no person of the project was merged away, and
    `reach` from when to when (microseconds since 1970) events are read at most, so that sessions are looked for there.
    """

    def __init__(self, project_id: int, *, has_merges: bool = True, reach: tuple[int, int] | None = None) -> None:
        self.has_merges = has_merges
        self.reach = reach
        self._values: dict[str, object] = {"project_id": project_id}
        self._names: dict[tuple[type, object], str] = {}

    def bind(self, value: object) -> str:
        """Keep a value and give its parameter; equal values share one."""
        key = (type(value), value)
        name = self._names.get(key)
        if name is None:
            name = self._names[key] = f"p{len(self._names)}"
            self._values[name] = value
        return f"%({name})s"

    @property
    def values(self) -> dict[str, object]:
        """All values by the name of their parameter, the project among them."""
        return dict(self._values)
