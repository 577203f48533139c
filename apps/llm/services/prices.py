"""A project's own prices: set, change, take away. No two may hold for the same calls at the same time."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.db import transaction
from django.db.models import Q

from apps.accounts import audit
from apps.accounts.contracts import Actor, ProjectContext, Target
from apps.accounts.models import Project
from apps.llm import selectors
from apps.llm.errors import InvalidPriceError, PriceOverlapsError
from apps.llm.models import Price, Repricing

_NAMES: Final = ("model", "provider", "host")
_HIGHEST: Final = Decimal(1_000_000)
FIELDS: Final = (
    "kind",
    *_NAMES,
    *Price.RATES,
    "gpu_hour_usd",
    "concurrency",
    "valid_from",
    "valid_to",
    "note",
)
"""What a caller may set."""


def create_price(*, project: ProjectContext, actor: Actor, values: Mapping[str, Any]) -> Price:
    """Set a price; the writer uses it within seconds, stored costs stay until they are priced again."""
    price = Price(project_id=project.id, **values)
    with transaction.atomic():
        _check(price)
        price.save()
        changes = {
            field: [None, _plain(getattr(price, field))] for field in FIELDS if getattr(price, field) is not None
        }
        audit.record(actor, "llm_price.created", _target(project, price), changes)
    selectors.forget_prices()
    return price


def update_price(*, project: ProjectContext, price: Price, actor: Actor, values: Mapping[str, Any]) -> Price:
    """Change what is given."""
    changes: dict[str, list[Any]] = {}
    for field, value in values.items():
        before = getattr(price, field)
        setattr(price, field, value)
        if before != value:
            changes[field] = [_plain(before), _plain(value)]
    with transaction.atomic():
        _check(price)
        if changes:
            price.save()
            audit.record(actor, "llm_price.updated", _target(project, price), changes)
    selectors.forget_prices()
    return price


def delete_price(*, project: ProjectContext, price: Price, actor: Actor) -> None:
    """Take a price away; what was priced by it stays as it is."""
    with transaction.atomic():
        target = _target(project, price)
        price.delete()
        audit.record(actor, "llm_price.deleted", target, {"model": [price.model, None]})
    selectors.forget_prices()


def purge_project(project_id: int) -> None:
    """Erase a deleted project's prices and runs; named in `settings.PROJECT_PURGERS`."""
    Price.objects.filter(project_id=project_id).delete()
    Repricing.objects.filter(project_id=project_id).delete()


def _check(price: Price) -> None:
    """Hold every rule, each with the field that breaks it."""
    for name in _NAMES:
        setattr(price, name, getattr(price, name).strip().lower())
    if not price.model:
        raise InvalidPriceError("Name the model; `*` at the end stands for all that begin so.", attr="model")
    if "*" in price.model[:-1]:
        raise InvalidPriceError("A star may only stand at the end of the name.", attr="model")
    if "/" in price.host or " " in price.host:
        raise InvalidPriceError("Give the host alone, without scheme and path.", attr="host")
    for field in (*Price.RATES, "gpu_hour_usd"):
        amount = getattr(price, field)
        if amount is not None and not 0 <= amount <= _HIGHEST:
            raise InvalidPriceError(f"An amount is between 0 and {_HIGHEST:,} US dollars.", attr=field)
    if price.valid_from is not None and price.valid_to is not None and price.valid_from >= price.valid_to:
        raise InvalidPriceError("A price must end after it begins.", attr="valid_to")
    _check_hour(price) if price.kind == Price.GPU_HOUR else _check_tokens(price)
    _check_overlap(price)


def _check_tokens(price: Price) -> None:
    if price.gpu_hour_usd is not None:
        raise InvalidPriceError("A price by token has no price of an hour.", attr="gpu_hour_usd")
    if price.input_per_mtok is None and price.per_request is None:
        raise InvalidPriceError("Give the price of a million input tokens, or of a request.", attr="input_per_mtok")


def _check_hour(price: Price) -> None:
    for field in Price.RATES:
        if getattr(price, field) is not None:
            raise InvalidPriceError("A price by the hour has no price of tokens or requests.", attr=field)
    if not price.gpu_hour_usd:
        raise InvalidPriceError("Give what an hour of the machine costs.", attr="gpu_hour_usd")
    if not 0 < price.concurrency <= 10_000:  # noqa: PLR2004 - more than any machine serves at once
        raise InvalidPriceError("A machine serves more than 0 and at most 10,000 calls at once.", attr="concurrency")


def _check_overlap(price: Price) -> None:
    """Refuse a second price for the same calls at the same time, also when two are set at this moment."""
    # Whoever sets prices of a project waits here for whoever else does.
    Project.objects.select_for_update().get(pk=price.project_id)
    others = Price.objects.filter(
        project_id=price.project_id, model=price.model, provider=price.provider, host=price.host
    ).exclude(pk=price.pk)
    if price.valid_from is not None:
        others = others.filter(Q(valid_to__isnull=True) | Q(valid_to__gt=price.valid_from))
    if price.valid_to is not None:
        others = others.filter(Q(valid_from__isnull=True) | Q(valid_from__lt=price.valid_to))
    other = others.first()
    if other is not None:
        held = f"from {_said(other.valid_from, 'the beginning')} to {_said(other.valid_to, 'further notice')}"
        raise PriceOverlapsError(f"Price {other.pk} already holds {held}.", attr="valid_from")


def _said(moment: datetime | None, otherwise: str) -> str:
    return moment.isoformat() if moment is not None else otherwise


def _plain(value: Any) -> Any:  # noqa: ANN401 - a field's value
    """Write a value as plain JSON."""
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, datetime) else value


def _target(project: ProjectContext, price: Price) -> Target:
    return Target("llm_price", price.pk, project.organization_id, project.id)
