-- What was refused after it had been acknowledged, with the reason, for the dashboard; a month is enough to notice.

CREATE TABLE IF NOT EXISTS dead_letters${LOCAL} ${ON_CLUSTER}
(
    project_id UInt64,
    received_at DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    -- The event log's entry and the place in it: together they name one refused event.
    entry String CODEC(ZSTD(1)),
    `index` UInt32,
    -- Why, for a program and for a person.
    code LowCardinality(String),
    reason String CODEC(ZSTD(1)),
    event String CODEC(ZSTD(1)),
    distinct_id String CODEC(ZSTD(1)),
    -- The event as sent, cut to 64 KiB.
    payload String CODEC(ZSTD(3)),
    -- The door it came through.
    path LowCardinality(String)
)
ENGINE = ${REPLICATED}ReplacingMergeTree
PARTITION BY toYYYYMM(received_at)
ORDER BY (project_id, received_at, entry, `index`)
TTL toDateTime(received_at) + INTERVAL 30 DAY
SETTINGS ttl_only_drop_parts = 0, ${DEDUPLICATION};

${CLUSTER_ONLY}
CREATE TABLE IF NOT EXISTS dead_letters ${ON_CLUSTER} AS dead_letters_local
ENGINE = Distributed(${CLUSTER_NAME}, currentDatabase(), dead_letters_local, cityHash64(entry))
${END_CLUSTER_ONLY};

-- Tell of properties that could not be read; the event itself is counted.
CREATE MATERIALIZED VIEW IF NOT EXISTS events_to_dead_letters ${ON_CLUSTER} TO dead_letters${LOCAL} AS
SELECT
    project_id,
    received_at,
    entry,
    cityHash64(uuid) % 4294967296 AS `index`,
    'unreadable_properties' AS code,
    'The properties are no JSON object the store can read; the event was kept without them.' AS reason,
    event,
    distinct_id,
    substring(unreadable_properties, 1, 65536) AS payload,
    '' AS path
FROM events${LOCAL}
WHERE unreadable_properties != '';
