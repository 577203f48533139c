"""Values on their way into a Statement, numbered so that text and values stay apart."""


class Bindings:
    """Collects the values of one statement and gives each the parameter that stands for it in the text."""

    def __init__(self, project_id: int) -> None:
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
