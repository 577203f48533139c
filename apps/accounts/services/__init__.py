"""Use cases of accounts: each is one transaction with its audit entry, or a domain error and no change."""

from apps.accounts.services.bootstrap import Bootstrapped, bootstrap
from apps.accounts.services.keys import create_key, note_use, revoke_key
from apps.accounts.services.members import Invitation, add_member, change_role, remove_member, set_password
from apps.accounts.services.organizations import create_organization, rename_organization
from apps.accounts.services.projects import (
    create_project,
    delete_project,
    purge_deleted_projects,
    purge_project,
    reset_token,
    update_project,
)
from apps.accounts.services.users import rename_user

__all__ = [
    "Bootstrapped",
    "Invitation",
    "add_member",
    "bootstrap",
    "change_role",
    "create_key",
    "create_organization",
    "create_project",
    "delete_project",
    "note_use",
    "purge_deleted_projects",
    "purge_project",
    "remove_member",
    "rename_organization",
    "rename_user",
    "reset_token",
    "revoke_key",
    "set_password",
    "update_project",
]
