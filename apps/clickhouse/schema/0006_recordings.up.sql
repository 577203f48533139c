-- Session recordings as they were sent, piece by piece, for whoever plays them.

CREATE TABLE IF NOT EXISTS recording_chunks${LOCAL} ${ON_CLUSTER}
(
    project_id UInt64,
    session_id String CODEC(ZSTD(1)),
    window_id String CODEC(ZSTD(1)),
    distinct_id String CODEC(ZSTD(1)),
    -- What was recorded: web or mobile.
    source LowCardinality(String),
    -- The sender's id of the piece, or one made of its content: a piece sent twice is one row.
    uuid UUID,
    -- From when to when its events are, by the sender's clock.
    first_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    last_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    -- How long data is, so that sizes are added up without reading it.
    bytes UInt32,
    -- The JSON text of $snapshot_data, byte for byte.
    data String CODEC(ZSTD(3)),
    received_at DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    -- The event log's entry it came in.
    entry String CODEC(ZSTD(1))
)
ENGINE = ${REPLICATED}ReplacingMergeTree
PARTITION BY toYYYYMM(received_at)
ORDER BY (project_id, session_id, window_id, first_at, uuid)
TTL toDateTime(received_at) + INTERVAL 90 DAY
-- A row may be megabytes, so a granule holds few of them.
SETTINGS index_granularity = 256, ttl_only_drop_parts = 0, ${DEDUPLICATION};

${CLUSTER_ONLY}
CREATE TABLE IF NOT EXISTS recording_chunks ${ON_CLUSTER} AS recording_chunks_local
ENGINE = Distributed(${CLUSTER_NAME}, currentDatabase(), recording_chunks_local, cityHash64(session_id))
${END_CLUSTER_ONLY};
