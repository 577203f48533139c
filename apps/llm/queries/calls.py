"""The calls of a project as questions see them."""

from typing import Final

from apps.clickhouse.properties import property_number, property_text
from apps.clickhouse.tables import EVENTS
from apps.llm.pricing.usage import IMPOSSIBLE, MOST

EVENT_NAMES: Final = ("$ai_generation", "$ai_embedding")

STATUS: Final = f"coalesce({property_text('$ai_cost_status')}, 'unpriced')"
"""Calls from before anything was priced have no price either."""
REASON: Final = f"coalesce({property_text('$ai_cost_reason')}, '')"
MODEL: Final = f"coalesce({property_text('$ai_model')}, '')"
PROVIDER: Final = f"coalesce({property_text('$ai_provider')}, '')"
HOST: Final = (
    f"lower(extract(coalesce({property_text('$ai_base_url')}, ''), "
    r"'^(?:[a-zA-Z][a-zA-Z0-9+.-]*:)?(?://)?(?:[^/@]*@)?([^/:?#]+)'))"
)
"""The host of the address; names without a dot too, which the engine's own `domain` takes for none."""
COST: Final = property_number("$ai_total_cost_usd")
RUN: Final = property_number("$ai_repricing_id")


def _believed(name: str) -> str:
    """Give a number of tokens that a call can have; what pricing did not believe is in no sum, whoever priced it."""
    number = property_number(name)
    return (
        f"if({REASON} != '{IMPOSSIBLE}' AND {number} >= 0 AND {number} <= {MOST} AND {number} = floor({number}), "
        f"{number}, NULL)"
    )


INPUT: Final = _believed("$ai_input_tokens")
OUTPUT: Final = _believed("$ai_output_tokens")

IS_UNPRICED: Final = f"({STATUS} = 'unpriced' AND {REASON} != 'call_failed')"
"""Without a price though there was something to pay; a call that failed without using anything is not."""

FROM: Final = (
    f"FROM {EVENTS} FINAL WHERE project_id = %(project_id)s AND event IN %(events)s "
    "AND timestamp >= %(start)s AND timestamp < %(end)s"
)
