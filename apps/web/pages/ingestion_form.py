"""The form of a project's ingestion rules: text areas of one entry a line, read into what the service takes."""

from typing import Any, Final

from django import forms

from apps.ingest.controls import detectors
from apps.ingest.controls.models import IngestionSettings
from apps.ingest.controls.rules import Action

PROMPTS: Final = (
    ("keep", "Keep prompts and answers"),
    ("mask", "Keep them, with e-mails, cards and keys marked"),
    ("metadata", "Keep no text: only counts, costs and hashes"),
)
ADDRESSES: Final = (("keep", "Keep"), ("truncate", "Keep without the last part"), ("drop", "Do not keep"))
DETECTORS: Final = {
    detectors.EMAIL: "E-mail addresses",
    detectors.CARD: "Payment cards",
    detectors.SECRET: "API keys and secrets",
    detectors.JWT: "JSON web tokens",
    detectors.PHONE: "Phone numbers",
}
SYNTAX: Final = "One a line: a name, <code>part_*</code>, or <code>/a regular expression/</code>."

_LINES: Final = {"rows": 3, "spellcheck": "false", "autocapitalize": "off"}
_WORDS_OF_CUT: Final = 3


class LinesField(forms.CharField):
    """A list, one entry a line."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - CharField's own
        super().__init__(required=False, widget=forms.Textarea(attrs=_LINES), max_length=50_000, **options)

    def clean(self, value: Any) -> Any:  # noqa: ANN401 - a form's value
        """Split the lines, empty ones apart."""
        return [line.strip() for line in super().clean(value).splitlines() if line.strip()]


class RulesField(LinesField):
    """Masking rules, one a line: the pattern, the action, and for truncate how many characters stay."""

    def clean(self, value: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - a form's value
        """Read each line from its end, since names may hold spaces."""
        return [_rule(line) for line in super().clean(value)]


def _rule(line: str) -> dict[str, Any]:
    words = line.rsplit(maxsplit=2)
    if len(words) == _WORDS_OF_CUT and words[1] == Action.TRUNCATE and words[2].isascii() and words[2].isdigit():
        return {"match": words[0], "action": words[1], "length": int(words[2][:9])}
    match, _, action = line.rpartition(" ")
    if action not in {Action.HASH, Action.DROP} or not match.strip():
        raise forms.ValidationError(
            f"“{line}” is no rule. Write the property and what happens to it: “email hash”, “name truncate 1”."
        )
    return {"match": match.strip(), "action": action}


def _detector(label: str) -> forms.BooleanField:
    return forms.BooleanField(required=False, label=label)


class IngestionForm(forms.Form):
    """A project's rules for what comes in."""

    allowed_origins = LinesField(
        label="Pages that may send",
        help_text="One a line: <code>example.com</code>, <code>*.example.com</code>, "
        "<code>https://example.com:8443</code>. Empty lets all pages send. Servers and apps always may.",
    )
    denied_events = LinesField(label="Events not taken", help_text=SYNTAX)
    denied_properties = LinesField(
        label="Properties taken out", help_text=f"{SYNTAX} At any depth, person properties too."
    )
    masking = RulesField(
        label="Masking",
        help_text="One a line: <code>phone hash</code>, <code>ssn drop</code>, <code>name truncate 1</code>. "
        "Hashes are keyed, so equal values stay equal and nobody can try values out.",
    )
    detect_email = _detector(DETECTORS[detectors.EMAIL])
    detect_card = _detector(DETECTORS[detectors.CARD])
    detect_secret = _detector(DETECTORS[detectors.SECRET])
    detect_jwt = _detector(DETECTORS[detectors.JWT])
    detect_phone = _detector(DETECTORS[detectors.PHONE])
    prompt_policy = forms.ChoiceField(choices=PROMPTS, label="Prompts and answers")
    ip_policy = forms.ChoiceField(choices=ADDRESSES, label="IP addresses")
    cookieless = forms.BooleanField(required=False, label="Count visitors without cookies")
    sampling = forms.FloatField(
        min_value=0, max_value=100, label="Share of people kept, in percent", help_text="Whole people stay or go."
    )
    monthly_quota = forms.IntegerField(
        required=False, min_value=0, label="Events a month", help_text="Empty: no limit. Months and days are in UTC."
    )
    rate_per_minute = forms.IntegerField(
        required=False, min_value=0, label="Events a minute", help_text="Empty: no limit."
    )

    def wanted(self) -> dict[str, Any]:
        """Give the valid form as the service takes it."""
        fields = {name: value for name, value in self.cleaned_data.items() if not name.startswith("detect_")}
        fields["sampling"] = self.cleaned_data["sampling"] / 100
        return fields | {"detectors": {name: self.cleaned_data[f"detect_{name}"] for name in detectors.NAMES}}


def initial_of(row: IngestionSettings) -> dict[str, Any]:
    """Give what the form shows of a project's rules."""
    lists = {name: "\n".join(getattr(row, name)) for name in ("allowed_origins", "denied_events", "denied_properties")}
    rules = (f"{rule['match']} {rule['action']} {rule.get('length', '')}".strip() for rule in row.masking)
    plain = {
        name: getattr(row, name)
        for name in ("prompt_policy", "ip_policy", "cookieless", "monthly_quota", "rate_per_minute")
    }
    found = {f"detect_{name}": name in row.detectors for name in detectors.NAMES}
    return {**lists, **plain, **found, "masking": "\n".join(rules), "sampling": f"{row.sampling * 100:.10g}"}
