"""Forms of the settings pages: they read text; the rules, and the sentences of their breach, are the services'."""

from collections.abc import Callable
from typing import Any, Final, Self, TypeVar
from zoneinfo import available_timezones

from django import forms

from apps.accounts.contracts import SCOPES, Role
from apps.catalog.contracts import Remarks
from apps.common.errors import DomainError

Outcome = TypeVar("Outcome")

MOST_TAGS: Final = 20
TAG_LENGTH: Final = 60
WEEK_STARTS: Final = ((0, "Sunday"), (1, "Monday"))
EXPIRIES: Final = (("", "Never"), ("30", "In 30 days"), ("90", "In 90 days"), ("365", "In a year"))
ACCESS: Final = (
    ("*", "Everything I may do"),
    ("read", "Reading only"),
    ("choose", "Only what I choose below"),
)


def _zones() -> list[tuple[str, str]]:
    return [(name, name.replace("_", " ")) for name in sorted(available_timezones())]


class ProjectForm(forms.Form):
    """A project's own settings."""

    name = forms.CharField(max_length=200, label="Name")
    timezone = forms.ChoiceField(choices=_zones, initial="UTC", label="Time zone")
    week_start_day = forms.TypedChoiceField(choices=WEEK_STARTS, coerce=int, initial=0, label="Weeks start on")


class NewProjectForm(ProjectForm):
    """A new project, in one of the organizations its maker may add to."""

    organization = forms.TypedChoiceField(coerce=int, label="Organization")
    field_order = ("organization", "name", "timezone", "week_start_day")

    def __init__(self, data: object, *, organizations: list[tuple[int, str]]) -> None:
        super().__init__(data)  # type: ignore[arg-type]  # QueryDict or None, as the parent takes
        choice = self.fields["organization"]
        if isinstance(choice, forms.TypedChoiceField):
            choice.choices = organizations
            if len(organizations) == 1:
                choice.widget = forms.HiddenInput()
                choice.initial = organizations[0][0]


class MemberForm(forms.Form):
    """Someone to add to an organization."""

    email = forms.EmailField(max_length=254, label="E-mail")
    role = forms.TypedChoiceField(
        choices=[(role.value, role.value.capitalize()) for role in Role], coerce=Role, initial=Role.MEMBER, label="Role"
    )


class KeyForm(forms.Form):
    """A personal key to be made."""

    label = forms.CharField(max_length=100, label="What is it for?")
    access = forms.ChoiceField(choices=ACCESS, initial="*", label="What may it do?")
    scopes = forms.MultipleChoiceField(
        choices=[(scope, scope) for scope in SCOPES[1:]],
        required=False,
        label="Scopes",
        widget=forms.SelectMultiple(attrs={"size": 8}),
    )
    expires = forms.ChoiceField(choices=EXPIRIES, required=False, label="When does it expire?")

    def wanted_scopes(self) -> list[str]:
        """Spell the chosen access out as scopes."""
        match self.cleaned_data["access"]:
            case "*":
                return ["*"]
            case "read":
                return [scope for scope in SCOPES if scope.endswith(":read")]
            case _:
                return list(self.cleaned_data["scopes"])


class PasswordForm(forms.Form):
    """A password to be chosen by the holder of a link."""

    password = forms.CharField(
        label="New password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


def attempt(form: forms.Form, action: Callable[[], Outcome]) -> Outcome | None:
    """Run a service with a valid form; what it refuses becomes the error of the field it names."""
    try:
        return action()
    except DomainError as error:
        form.add_error(error.attr if error.attr in form.fields else None, error.detail)
        return None


class DefinitionForm(forms.Form):
    """What people say of an event or a property."""

    description = forms.CharField(
        max_length=4_000, required=False, label="Description", widget=forms.Textarea(attrs={"rows": 2})
    )
    tags = forms.CharField(max_length=1_000, required=False, label="Tags", help_text="Separated by commas.")
    is_verified = forms.BooleanField(required=False, label="Verified")
    is_hidden = forms.BooleanField(required=False, label="Hidden from pickers")

    @classmethod
    def of(cls, remarks: Remarks) -> Self:
        """Give the form filled with what was said last."""
        return cls(
            initial={
                "description": remarks.description,
                "tags": ", ".join(remarks.tags),
                "is_verified": remarks.is_verified,
                "is_hidden": remarks.is_hidden,
            }
        )

    def clean_tags(self) -> list[str]:
        """Split the tags; each counts once."""
        tags = list(dict.fromkeys(tag.strip() for tag in self.cleaned_data["tags"].split(",") if tag.strip()))
        if len(tags) > MOST_TAGS or any(len(tag) > TAG_LENGTH for tag in tags):
            raise forms.ValidationError(f"At most {MOST_TAGS} tags of {TAG_LENGTH} characters.")
        return tags

    def changes(self) -> dict[str, Any]:
        """Give what was written by the names of a note's fields."""
        return dict(self.cleaned_data)
