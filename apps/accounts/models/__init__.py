"""Rows of accounts in the metadata database."""

from apps.accounts.models.audit import AuditEntry
from apps.accounts.models.key import PersonalKey
from apps.accounts.models.organization import Membership, Organization
from apps.accounts.models.project import Project
from apps.accounts.models.user import User

__all__ = ["AuditEntry", "Membership", "Organization", "PersonalKey", "Project", "User"]
