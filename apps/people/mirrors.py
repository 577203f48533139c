"""What one transaction changed, as rows for ClickHouse: questions read persons and merges there."""

from dataclasses import dataclass, field

from apps.clickhouse import tables
from apps.people.graph import Key, Person
from apps.people.identity import person_text_for

Row = dict[str, object]


@dataclass(slots=True)
class Mirrors:
    """Rows by table, all of one version; writing them again changes nothing."""

    version: int
    rows: dict[str, list[Row]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Say whether there is anything to write."""
        return bool(self.rows)

    @property
    def places(self) -> dict[Key, str]:
        """Whom the distinct ids lead to that are new or moved."""
        rows = self.rows.get(tables.PERSON_DISTINCT_IDS, ())
        return {(int(str(row["project_id"])), str(row["distinct_id"])): str(row["person_id"]) for row in rows}

    def add_person(self, person: Person, properties: str) -> None:
        """Show a person as they are now."""
        self._person(
            person.project_id, person.id, person.created_us, properties, is_identified=person.is_identified, gone=False
        )

    def forget_person(self, project_id: int, person_id: str, created_us: int) -> None:
        """Take back a person who is no more."""
        self._person(project_id, person_id, created_us, "{}", is_identified=False, gone=True)

    def add_place(self, key: Key, person_id: str) -> None:
        """Show whom a distinct id leads to, and re-attribute what it sent under its own person."""
        self._place(key, person_id, is_deleted=0)

    def forget_place(self, key: Key, person_id: str) -> None:
        """Take back whom a distinct id led to; what it sends from now on is its own again."""
        self._place(key, person_id, is_deleted=1)

    def _place(self, key: Key, person_id: str, *, is_deleted: int) -> None:
        project_id, distinct_id = key
        self._add(
            tables.PERSON_DISTINCT_IDS,
            project_id=project_id,
            distinct_id=distinct_id,
            person_id=person_id,
            is_deleted=is_deleted,
        )
        own = person_text_for(project_id, distinct_id)
        if own != person_id:
            self._add(
                tables.PERSON_OVERRIDES,
                project_id=project_id,
                old_person_id=own,
                person_id=person_id,
                is_deleted=is_deleted,
            )

    def add_group(self, project_id: int, index: int, key: str, created_us: int, properties: str) -> None:
        """Show a group as it is now."""
        self._add(
            tables.GROUPS_LANDING,
            project_id=project_id,
            group_index=index,
            group_key=key,
            properties=properties,
            created_us=created_us,
            is_deleted=0,
        )

    def _person(  # noqa: PLR0913 - one column an argument
        self, project_id: int, person_id: str, created_us: int, properties: str, *, is_identified: bool, gone: bool
    ) -> None:
        self._add(
            tables.PERSONS_LANDING,
            project_id=project_id,
            person_id=person_id,
            properties=properties,
            created_us=created_us,
            is_identified=int(is_identified),
            is_deleted=int(gone),
        )

    def _add(self, table: str, **row: object) -> None:
        row["version"] = self.version
        self.rows.setdefault(table, []).append(row)
