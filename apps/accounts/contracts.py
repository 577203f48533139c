"""What crosses the border of accounts: the project as other apps see it, roles, scopes, and who acted."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """A member's place in an organization, weakest first; each may do all that the ones before it may."""

    VIEWER = "viewer"
    MEMBER = "member"
    ADMIN = "admin"
    OWNER = "owner"

    @property
    def rank(self) -> int:
        """Where the role stands, 0 being the weakest."""
        return list(Role).index(self)

    def covers(self, needed: "Role") -> bool:
        """Say whether this role may do what `needed` may."""
        return self.rank >= needed.rank


class Access(StrEnum):
    """What a request wants of a resource; write includes read."""

    READ = "read"
    WRITE = "write"


ALL_SCOPES: Final = "*"

RESOURCES: Final = (
    "annotation",
    "audit_log",
    "cohort",
    "dashboard",
    "event",
    "experiment",
    "feature_flag",
    "insight",
    "llm",
    "organization",
    "organization_member",
    "person",
    "personal_api_key",
    "project",
    "query",
    "session_recording",
    "user",
)
"""What a scope may name. A resource's word stays for good: stored keys carry it."""

SCOPES: Final = (ALL_SCOPES, *(f"{resource}:{access}" for resource in RESOURCES for access in Access))


@dataclass(frozen=True, slots=True)
class ProjectContext:
    """One project, as much of it as the paths of events and queries need; safe to share between threads."""

    id: int
    organization_id: int
    name: str
    api_token: str
    timezone: str
    week_start_day: int


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, as plain data: a user in a session, a user through a key, or (without a user) the system itself."""

    user_id: int | None = None
    email: str = ""
    key_id: int | None = None
    ip: str | None = None


SYSTEM: Final = Actor()
"""A command on the server or a background job."""


@dataclass(frozen=True, slots=True)
class Target:
    """What was acted on, as plain data, so that the log never imports what it audits."""

    kind: str
    id: int | str
    organization_id: int
    project_id: int | None = None
