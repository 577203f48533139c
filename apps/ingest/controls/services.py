"""Changing a project's rules: each value checked by name, each change in the audit log with what it was."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.db import transaction

from apps.accounts import audit
from apps.accounts.contracts import Actor, ProjectContext, Target
from apps.common.clock import now
from apps.common.errors import DomainError
from apps.ingest.controls import detectors, names, origins, selectors, tallies
from apps.ingest.controls.models import IngestionSettings
from apps.ingest.controls.rules import Action, IpPolicy, PromptPolicy

MOST_ENTRIES: Final = 200
MOST_COUNT: Final = 10**12
MOST_LENGTH: Final = 1_000
LEAST_SHARE: Final = 0.0001

_PERSON_ID: Final = "distinct_id"


def update(*, project: ProjectContext, actor: Actor, **changes: Any) -> IngestionSettings:  # noqa: ANN401 - values of several types, each checked
    """Change what is given; what is left out stays. Every process follows within `selectors.SECONDS`.

    Raises DomainError that names the field at fault.
    """
    wanted = {field: _CHECKS[field](value) for field, value in changes.items()}
    with transaction.atomic():
        row, _ = IngestionSettings.objects.select_for_update().get_or_create(pk=project.id)
        if "detectors" in wanted:
            wanted["detectors"] = [name for name in detectors.NAMES if _is_on(name, row, changes["detectors"])]
        noted = {field: [getattr(row, field), value] for field, value in wanted.items() if getattr(row, field) != value}
        for field, (_, value) in noted.items():
            setattr(row, field, value)
        if noted:
            row.save(update_fields=list(noted))
            target = Target("ingestion_settings", project.id, project.organization_id, project.id)
            audit.record(actor, "ingestion_settings.updated", target, noted)
            transaction.on_commit(selectors.forget)
    return row


def purge_project(project_id: int) -> None:
    """Erase a deleted project's rules with its hash key, and its counts; from then on its hashes say nothing."""
    IngestionSettings.objects.filter(pk=project_id).delete()
    tallies.forget(project_id, now())


# --- checks, one a field ---------------------------------------------------------
def _origins(value: Sequence[str]) -> list[str]:
    cleaned = []
    for place, text in enumerate(_bounded(value, "allowed_origins")):
        origin = origins.clean(text)
        if origin is None:
            raise DomainError(
                f"“{text}” is no host or origin; write example.com, *.example.com or https://example.com:8443.",
                attr=f"allowed_origins.{place}",
            )
        cleaned.append(origin)
    return list(dict.fromkeys(cleaned))


def _names(field: str) -> Any:  # noqa: ANN401 - a check
    def check(value: Sequence[str]) -> list[str]:
        cleaned = []
        for place, text in enumerate(_bounded(value, field)):
            cleaned.append(_name(text, f"{field}.{place}"))
        return list(dict.fromkeys(cleaned))

    return check


def _name(text: str, attr: str) -> str:
    text = text.strip()
    if not text:
        raise DomainError("A name or pattern must not be empty.", attr=attr)
    if len(text) > names.LONGEST:
        raise DomainError(f"A name or pattern has at most {names.LONGEST} characters.", attr=attr)
    names.check(text, attr=attr)
    return text


def _masking(value: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    rules = []
    for place, rule in enumerate(_bounded(value, "masking")):
        attr = f"masking.{place}"
        match, action = _name(rule["match"], f"{attr}.match"), Action(rule["action"])
        length = rule.get("length")
        if (action is Action.TRUNCATE) != (length is not None):
            raise DomainError(
                "Say how many characters stay (length) for truncate, and only for it.", attr=f"{attr}.length"
            )
        if match == _PERSON_ID and action is not Action.HASH:
            raise DomainError(
                "distinct_id can only be hashed: events without it, or with a part of it, are nobody's or several "
                "people's.",
                attr=f"{attr}.action",
            )
        rules.append({"match": match, "action": action.value} | ({} if length is None else {"length": length}))
    return rules


def _sampling(value: float) -> float:
    if not 0 <= value <= 1:
        raise DomainError("The share of people to keep lies between 0 and 1.", attr="sampling")
    if 0 < value < LEAST_SHARE:
        raise DomainError(
            f"A share of people below {LEAST_SHARE} keeps practically nobody; write 0 to keep none.", attr="sampling"
        )
    return float(value)


def _count(field: str) -> Any:  # noqa: ANN401 - a check
    def check(value: int | None) -> int | None:
        if value is not None and not 0 <= value <= MOST_COUNT:
            raise DomainError(f"A number of events lies between 0 and {MOST_COUNT}.", attr=field)
        return value

    return check


def _bounded(value: Sequence[Any], field: str) -> Sequence[Any]:
    if len(value) > MOST_ENTRIES:
        raise DomainError(f"The list has at most {MOST_ENTRIES} entries.", attr=field)
    return value


def _is_on(name: str, row: IngestionSettings, changes: Mapping[str, bool]) -> bool:
    return changes.get(name, name in row.detectors)


_CHECKS: Final[Mapping[str, Any]] = {
    "allowed_origins": _origins,
    "denied_events": _names("denied_events"),
    "denied_properties": _names("denied_properties"),
    "masking": _masking,
    "detectors": dict,
    "prompt_policy": lambda value: PromptPolicy(value).value,
    "sampling": _sampling,
    "monthly_quota": _count("monthly_quota"),
    "rate_per_minute": _count("rate_per_minute"),
    "ip_policy": lambda value: IpPolicy(value).value,
    "cookieless": bool,
}
