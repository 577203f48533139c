"""Roles and scopes."""

from apps.accounts.contracts import RESOURCES, SCOPES, Role


def test_roles__cover_themselves_and_the_weaker() -> None:
    # When
    covered = {role: [other for other in Role if role.covers(other)] for role in Role}

    # Then
    assert covered[Role.VIEWER] == [Role.VIEWER]
    assert covered[Role.MEMBER] == [Role.VIEWER, Role.MEMBER]
    assert covered[Role.ADMIN] == [Role.VIEWER, Role.MEMBER, Role.ADMIN]
    assert covered[Role.OWNER] == [Role.VIEWER, Role.MEMBER, Role.ADMIN, Role.OWNER]


def test_scopes__are_all_or_reading_or_writing_a_resource() -> None:
    # When / Then
    assert len(SCOPES) == 1 + 2 * len(RESOURCES)
    assert {"*", "query:read", "project:write"} <= set(SCOPES)
