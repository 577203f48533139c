"""How much a project may still send: asked and taken in one step, so that any number of processes share one count."""

from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, Final

import redis

from apps.common.clock import now
from apps.ingest.controls import tallies
from apps.ingest.controls.contracts import Controls
from apps.ingest.controls.errors import LimitError, QuotaExceededError, RateLimitedError
from apps.ingest.errors import LogUnavailableError

_MINUTE: Final = 60

_TAKE: Final = """
local wanted, quota, rate = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local room, limit = wanted, 0
if quota >= 0 then
  local left = quota - tonumber(redis.call('HGET', KEYS[1], 'charged') or '0')
  if left < room then room, limit = math.max(left, 0), 1 end
end
if rate >= 0 then
  local left = rate - tonumber(redis.call('GET', KEYS[2]) or '0')
  if left < room then room, limit = math.max(left, 0), 2 end
end
if room < wanted and ARGV[4] == '1' then room = 0 end
if room > 0 then
  if quota >= 0 then
    redis.call('HINCRBY', KEYS[1], 'charged', room)
    redis.call('EXPIRE', KEYS[1], ARGV[5])
  end
  if rate >= 0 then
    redis.call('INCRBY', KEYS[2], room)
    redis.call('EXPIRE', KEYS[2], 120)
  end
end
return {room, limit}
"""
"""Keys: the month's counts, the minute's. Answers how many may come in, and what bounds them (1 quota, 2 rate)."""

_KINDS: Final = ("", "over_quota", "over_rate")


@dataclass(frozen=True, slots=True)
class Room:
    """How many of the events asked for may come in, and under which name the others are counted."""

    count: int
    over: str = ""


@cache
def _take() -> Any:  # noqa: ANN401 - the installed stubs describe a much older client
    return tallies.valkey().register_script(_TAKE)


def take(controls: Controls, wanted: int, *, all_or_nothing: bool) -> Room:
    """Take room for so many events from the month's quota and the minute's rate.

    With `all_or_nothing`, raises QuotaExceededError or RateLimitedError unless there is room for all. Raises
    LogUnavailableError when Valkey does not answer.
    """
    moment = now()
    keys = (tallies.key(controls.project_id, moment.date()), _minute_key(controls.project_id))
    arguments = (
        wanted,
        -1 if controls.monthly_quota is None else controls.monthly_quota,
        -1 if controls.rate_per_minute is None else controls.rate_per_minute,
        int(all_or_nothing),
        tallies.LIFETIME,
    )
    try:
        count, limit = _take()(keys=keys, args=arguments)
    except redis.RedisError as exc:
        raise LogUnavailableError("The counts of the project's quota are away.") from exc
    if all_or_nothing and count < wanted:
        raise _error(limit, controls)
    return Room(int(count), _KINDS[limit])


def give_back(project_id: int, count: int) -> None:
    """Return room that was taken for events that did not get in after all."""
    try:
        tallies.valkey().hincrby(tallies.key(project_id, tallies.today()), "charged", -count)
    except redis.RedisError:
        # Then they stay charged: too little room is safe, too much is not.
        return


def charged(project_id: int, month: date) -> int:
    """Say how much of a month's quota was used."""
    return int(tallies.valkey().hget(tallies.key(project_id, month), "charged") or 0)


def _minute_key(project_id: int) -> str:
    return f"baleen:rate:{{{project_id}}}:{int(now().timestamp()) // _MINUTE}"


def _error(limit: int, controls: Controls) -> LimitError:
    moment = now()
    if limit == 1:
        return QuotaExceededError(
            f"The project has used up its {controls.monthly_quota} events of this month.", retry_after=3_600
        )
    wait = _MINUTE - moment.second
    return RateLimitedError(f"The project takes {controls.rate_per_minute} events a minute.", retry_after=wait)
