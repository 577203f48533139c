"""Shapes of the REST API: inputs are strict, outputs say exactly what is sent. The two never share a class."""

from typing import Any, ClassVar

from django.contrib.auth.password_validation import password_validators_help_texts
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.accounts.contracts import SCOPES, Role
from apps.accounts.models import AuditEntry, Membership, Organization, PersonalKey, Project, User
from apps.accounts.values import MAX_NAME_LENGTH
from apps.common.serializers import MomentField, StrictSerializer, TextField, WholeField

_ROLES = [role.value for role in Role]
_MAX_ID = 2**63 - 1


# --- in -----------------------------------------------------------------------
class ProjectInput(StrictSerializer):
    """A project to be made."""

    name = TextField(max_length=MAX_NAME_LENGTH)
    timezone = TextField(max_length=64, default="UTC", help_text="IANA name, such as Europe/Berlin")
    week_start_day = WholeField(min_value=0, max_value=1, default=0, help_text="0 Sunday, 1 Monday")


class ProjectPatch(StrictSerializer):
    """What of a project may change; what is left out stays."""

    name = TextField(max_length=MAX_NAME_LENGTH, required=False)
    timezone = TextField(max_length=64, required=False)
    week_start_day = WholeField(min_value=0, max_value=1, required=False)


class OrganizationPatch(StrictSerializer):
    """What of an organization may change."""

    name = TextField(max_length=MAX_NAME_LENGTH, required=False)


class MemberInput(StrictSerializer):
    """Someone to be invited."""

    email = TextField(max_length=254)
    role = serializers.ChoiceField(choices=_ROLES, default=Role.MEMBER.value)


class MemberPatch(StrictSerializer):
    """A member's new role."""

    role = serializers.ChoiceField(choices=_ROLES)


class PasswordInput(StrictSerializer):
    """The parts of a set-password link, and the password chosen."""

    uid = TextField(max_length=64)
    token = TextField(max_length=128)
    password = TextField(
        max_length=1024, trim_whitespace=False, help_text=" ".join(map(str, password_validators_help_texts()))
    )


class MePatch(StrictSerializer):
    """What one may change about oneself; `current_project` is the session's, so a key cannot set it."""

    name = TextField(max_length=MAX_NAME_LENGTH, required=False, allow_blank=True)
    current_project = WholeField(min_value=1, max_value=_MAX_ID, required=False)


class PersonalKeyInput(StrictSerializer):
    """A personal key to be made; limits left out leave it as wide as its owner."""

    label = TextField(max_length=MAX_NAME_LENGTH)  # type: ignore[assignment] # DRF takes declared fields off the class
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=list(SCOPES)), allow_empty=False, max_length=64
    )
    organization = WholeField(min_value=1, max_value=_MAX_ID, required=False, allow_null=True, default=None)
    project = WholeField(min_value=1, max_value=_MAX_ID, required=False, allow_null=True, default=None)
    expires_at = MomentField(required=False, allow_null=True, default=None)


class AuditPage(serializers.Serializer[Any]):
    """Query parameters of the audit log."""

    limit = serializers.IntegerField(min_value=1, max_value=200, default=50)
    before = serializers.IntegerField(
        min_value=1, max_value=_MAX_ID, required=False, help_text="entries older than this id; `next` sets it"
    )
    project = serializers.IntegerField(min_value=1, max_value=_MAX_ID, required=False)


# --- out ----------------------------------------------------------------------
class ProjectOutput(serializers.ModelSerializer[Project]):
    """A project; its token is public."""

    organization = serializers.IntegerField(source="organization_id")

    class Meta:
        """Which fields are sent."""

        model = Project
        fields: ClassVar[tuple[str, ...]] = (
            "id",
            "name",
            "api_token",
            "organization",
            "timezone",
            "week_start_day",
            "created_at",
        )
        read_only_fields = fields


class OrganizationOutput(serializers.ModelSerializer[Organization]):
    """An organization, as the caller stands to it."""

    role = serializers.SerializerMethodField(help_text="the caller's role")

    class Meta:
        """Which fields are sent."""

        model = Organization
        fields: ClassVar[tuple[str, ...]] = ("id", "name", "role", "created_at")
        read_only_fields = fields

    @extend_schema_field(serializers.ChoiceField(choices=_ROLES))
    def get_role(self, organization: Organization) -> str:
        """Look the caller's role up in what the view passed."""
        role: str = self.context["roles"][organization.pk]
        return role


class MemberOutput(serializers.ModelSerializer[Membership]):
    """A member; `id` is the user's."""

    id = serializers.IntegerField(source="user_id")
    email = serializers.EmailField(source="user.email")
    name = serializers.CharField(source="user.name")
    joined_at = serializers.DateTimeField(source="created_at")
    is_pending = serializers.SerializerMethodField(help_text="has not chosen a password yet")

    class Meta:
        """Which fields are sent."""

        model = Membership
        fields: ClassVar[tuple[str, ...]] = ("id", "email", "name", "role", "joined_at", "is_pending")
        read_only_fields = fields

    def get_is_pending(self, membership: Membership) -> bool:
        """Say whether this member has yet to choose a password."""
        return not membership.user.has_usable_password()


class InvitationOutput(MemberOutput):
    """A member just invited; without mail, the path of the link to hand to them, shown once."""

    set_password_path = serializers.SerializerMethodField(allow_null=True)

    class Meta(MemberOutput.Meta):
        """Which fields are sent."""

        fields: ClassVar[tuple[str, ...]] = (*MemberOutput.Meta.fields, "set_password_path")
        read_only_fields = fields

    def get_set_password_path(self, membership: Membership) -> str | None:  # noqa: ARG002 - DRF's signature
        """Pass on what the service allowed to show."""
        path: str | None = self.context["set_password_path"]
        return path


class MeOutput(serializers.ModelSerializer[User]):
    """The caller."""

    organizations = serializers.SerializerMethodField()
    current_project = serializers.SerializerMethodField()

    class Meta:
        """Which fields are sent."""

        model = User
        fields: ClassVar[tuple[str, ...]] = ("id", "email", "name", "organizations", "current_project", "created_at")
        read_only_fields = fields

    @extend_schema_field(OrganizationOutput(many=True))
    def get_organizations(self, user: User) -> Any:  # noqa: ANN401, ARG002 - DRF's signature
        """List the caller's organizations with their role in each."""
        return OrganizationOutput(self.context["organizations"], many=True, context=self.context).data

    @extend_schema_field(ProjectOutput(allow_null=True))
    def get_current_project(self, user: User) -> Any:  # noqa: ANN401, ARG002 - DRF's signature
        """Show what `@current` means."""
        project = self.context["current_project"]
        return None if project is None else ProjectOutput(project).data


class PersonalKeyOutput(serializers.ModelSerializer[PersonalKey]):
    """A personal key without its value."""

    organization = serializers.IntegerField(source="organization_id", allow_null=True)
    project = serializers.IntegerField(source="project_id", allow_null=True)
    scopes = serializers.ListField(child=serializers.CharField())

    class Meta:
        """Which fields are sent."""

        model = PersonalKey
        fields: ClassVar[tuple[str, ...]] = (
            "id",
            "label",
            "mask",
            "scopes",
            "organization",
            "project",
            "created_at",
            "expires_at",
            "last_used_at",
            "revoked_at",
        )
        read_only_fields = fields


class NewPersonalKeyOutput(PersonalKeyOutput):
    """A personal key just made, with its value: the only time it is shown."""

    value = serializers.SerializerMethodField(method_name="show_value")

    class Meta(PersonalKeyOutput.Meta):
        """Which fields are sent."""

        fields: ClassVar[tuple[str, ...]] = (*PersonalKeyOutput.Meta.fields, "value")
        read_only_fields = fields

    def show_value(self, key: PersonalKey) -> str:  # noqa: ARG002 - DRF's signature
        """Pass on the value the service returned."""
        value: str = self.context["value"]
        return value


class AuditEntryOutput(serializers.ModelSerializer[AuditEntry]):
    """One change that someone made."""

    actor = serializers.IntegerField(source="actor_id", allow_null=True)
    changes = serializers.DictField(help_text="field: [before, after]")

    class Meta:
        """Which fields are sent."""

        model = AuditEntry
        fields: ClassVar[tuple[str, ...]] = (
            "id",
            "at",
            "action",
            "actor",
            "actor_email",
            "actor_key_id",
            "project_id",
            "target_kind",
            "target_id",
            "changes",
            "ip",
        )
        read_only_fields = fields


class AuditPageOutput(serializers.Serializer[Any]):
    """A page of the audit log, newest first."""

    results = AuditEntryOutput(many=True)
    next = serializers.CharField(allow_null=True, help_text="address of the page before this one in time")
