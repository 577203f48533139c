"""The struct of a HogQLQuery."""

from typing import Any

from msgspec import Struct

from apps.query.schema.shared import DateRange, Ignored


class SqlFilters(Struct, frozen=True, forbid_unknown_fields=True):
    """What `{filters}` in the text means."""

    dateRange: DateRange | None = None  # noqa: N815 - the public name
    properties: Any = None
    filterTestAccounts: bool | None = None  # noqa: N815 - the public name


class HogQLQuery(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="HogQLQuery"):
    """A question in SQL, with values for its placeholders."""

    query: str
    values: dict[str, Any] | None = None
    filters: SqlFilters | None = None
    variables: dict[str, Any] | None = None
    name: Ignored = None
    explain: Ignored = None
    modifiers: Ignored = None
    tags: Ignored = None
    response: Ignored = None
    version: Ignored = None

    @property
    def dateRange(self) -> DateRange | None:  # noqa: N802 - as other kinds call it
        """The range of `{filters}`."""
        return self.filters.dateRange if self.filters else None
