"""The prices a project has set: which of them holds for a call, and what it makes of it."""

from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct

from apps.llm.pricing import servers
from apps.llm.pricing.finding import Key
from apps.llm.pricing.overlay import is_called
from apps.llm.pricing.rates import Rates
from apps.llm.pricing.tariffs import FOREVER

SOURCE: Final = "project"
_ANY: Final = "*"
_HOUR: Final = 3_600.0


class OwnPrice(Struct, frozen=True):
    """One price of a project, by token or by the hour of a machine; names in lower case, empty means any."""

    id: int
    model: str
    """A name; one that ends in `*` covers all that begin so."""
    provider: str = ""
    host: str = ""
    rates: Rates | None = None
    gpu_hour_usd: float | None = None
    concurrency: float = 1.0
    """How many calls the machine serves at the same time, on average."""
    start_us: int = -FOREVER
    end_us: int = FOREVER

    @property
    def version(self) -> str:
        """Name the row, as it is stored with a cost."""
        return f"price {self.id}"

    def seconds_cost(self, seconds: float) -> float:
        """Price the seconds a call kept the machine busy."""
        return (self.gpu_hour_usd or 0.0) * seconds / _HOUR / self.concurrency

    def covers(self, key: Key, host: str, *, is_own: bool) -> bool:
        """Say whether the price is about such calls, at whatever time."""
        if self.gpu_hour_usd is not None and not self.host and not is_own:
            return False  # a machine that is not named is one of one's own
        return (
            (not self.provider or self.provider == key.provider)
            and (not self.host or self.host == host)
            and is_called(key.model, self.model)
        )

    @property
    def weight(self) -> tuple[bool, bool, bool, int]:
        """How much the price says about what it is for: of several that hold, the most exact one counts."""
        return (not self.model.endswith(_ANY), bool(self.host), bool(self.provider), len(self.model))


class OwnPrices:
    """All prices of one project, as they were when they were read."""

    def __init__(self, prices: Sequence[OwnPrice] = ()) -> None:
        self._prices = sorted(prices, key=lambda price: price.weight, reverse=True)
        self._covering: dict[Key, list[OwnPrice]] = {}

    def find(self, key: Key, moment_us: int) -> OwnPrice | None:
        """Find the price that holds for a call at a moment."""
        if not self._prices:
            return None
        covering = self._covering.get(key)
        if covering is None:
            host = key.host
            is_own = servers.is_own(key.provider, host) and not servers.is_closed(key.model)
            covering = [price for price in self._prices if price.covers(key, host, is_own=is_own)]
            self._covering[key] = covering
        return next((price for price in covering if price.start_us <= moment_us < price.end_us), None)


NONE: Final = OwnPrices()


def seconds(value: Any) -> float | None:  # noqa: ANN401 - a sender's value
    """Read a duration in seconds; None for what is none."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e7:  # noqa: PLR2004 - four months
        return float(value)
    return None
