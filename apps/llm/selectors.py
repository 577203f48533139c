"""Reads: prices of a project, runs of pricing again, and what calls cost."""

import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from django.db import DatabaseError, connection

from apps.accounts.contracts import ProjectContext
from apps.clickhouse import client
from apps.common.errors import UnavailableError
from apps.llm.errors import PriceNotFoundError, RepricingNotFoundError
from apps.llm.models import Price, Repricing
from apps.llm.pricing.projects import OwnPrice, OwnPrices
from apps.llm.pricing.rates import Rates
from apps.llm.pricing.tariffs import FOREVER
from apps.llm.queries import spend, unpriced
from apps.llm.queries.spend import Spend
from apps.llm.queries.unpriced import UnpricedModel

PRICE_SECONDS: Final = 5.0
"""How long the writer prices by what it read: a new price is used this soon."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_known: dict[int, tuple[float, OwnPrices]] = {}


def own_prices(project_id: int) -> OwnPrices:
    """Give a project's own prices, at most `PRICE_SECONDS` old. Raises UnavailableError."""
    known = _known.get(project_id)
    now = time.monotonic()
    if known is not None and known[0] > now:
        return known[1]
    try:
        prices = read_prices(project_id)
    except DatabaseError as exc:
        if not connection.in_atomic_block:
            connection.close()  # the next try opens another
        raise UnavailableError("The prices of the project cannot be read for now.") from exc
    remember_prices(project_id, prices)
    return prices


def remember_prices(project_id: int, prices: OwnPrices, *, seconds: float = PRICE_SECONDS) -> None:
    """Have this process take these for a project's own prices for a while."""
    _known[project_id] = (time.monotonic() + seconds, prices)


def forget_prices() -> None:
    """Have this process read all prices again."""
    _known.clear()


def read_prices(project_id: int) -> OwnPrices:
    """Read a project's own prices as they are now."""
    return OwnPrices([_own_price(row) for row in Price.objects.filter(project_id=project_id)])


def list_prices(project_id: int) -> list[Price]:
    """List a project's prices by model."""
    return list(Price.objects.filter(project_id=project_id))


def get_price(project_id: int, price_id: int) -> Price:
    """Find a price. Raises PriceNotFoundError."""
    found = Price.objects.filter(project_id=project_id, pk=price_id).first()
    if found is None:
        raise PriceNotFoundError("There is no such price in this project.")
    return found


def list_repricings(project_id: int, *, limit: int = 50) -> list[Repricing]:
    """List the newest runs."""
    return list(Repricing.objects.filter(project_id=project_id)[:limit])


def get_repricing(project_id: int, repricing_id: int) -> Repricing:
    """Find a run. Raises RepricingNotFoundError."""
    found = Repricing.objects.filter(project_id=project_id, pk=repricing_id).first()
    if found is None:
        raise RepricingNotFoundError("There is no such run in this project.")
    return found


def _own_price(row: Price) -> OwnPrice:
    rates = None
    if row.kind == Price.TOKENS:
        rates = Rates(
            input=_float(row.input_per_mtok),
            output=_float(row.output_per_mtok),
            cache_read=_float(row.cache_read_per_mtok),
            cache_write=_float(row.cache_write_per_mtok),
            cache_write_1h=_float(row.cache_write_1h_per_mtok),
            reasoning=_float(row.reasoning_per_mtok),
            request=_float(row.per_request),
        )
    return OwnPrice(
        id=row.pk,
        model=row.model.lower(),
        provider=row.provider.lower(),
        host=row.host.lower(),
        rates=rates,
        gpu_hour_usd=_float(row.gpu_hour_usd) if rates is None else None,
        concurrency=float(row.concurrency),
        start_us=-FOREVER if row.valid_from is None else _microseconds(row.valid_from),
        end_us=FOREVER if row.valid_to is None else _microseconds(row.valid_to),
    )


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def list_spend(project: ProjectContext, start: datetime, end: datetime) -> list[Spend]:
    """List what was spent by day of the project's calendar and by model, from a moment up to another."""
    statement = spend.build(project.id, start, end, project.timezone)
    return spend.decode(client.run(statement, tag=f"llm.spend project={project.id}").dicts())


def list_unpriced_models(project_id: int, start: datetime, end: datetime, *, limit: int = 100) -> list[UnpricedModel]:
    """List the models that were called without a known price, the most called first."""
    statement = unpriced.build(project_id, start, end, limit)
    return unpriced.decode(client.run(statement, tag=f"llm.unpriced project={project_id}").dicts())
