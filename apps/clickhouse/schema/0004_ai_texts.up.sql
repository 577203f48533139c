-- Long texts of AI events (prompts, answers, tools, states), apart from the events, so that counting never reads them.
--
-- The key is what a trace page asks for. Parts are a week's and are dropped whole once everything in them has expired.
-- Why apart, why this key: docs/decisions/0010-cost-and-texts.md.

CREATE TABLE IF NOT EXISTS ai_texts${LOCAL} ${ON_CLUSTER}
(
    project_id UInt64,
    -- As the event names it; an event without one is a trace of its own, named by its id.
    trace_id String CODEC(ZSTD(1)),
    event_uuid UUID CODEC(ZSTD(1)),
    -- The property that was taken out.
    name LowCardinality(String),
    timestamp DateTime64(6, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    distinct_id String CODEC(ZSTD(1)),
    -- The property's value as JSON text, as it was sent.
    text String CODEC(ZSTD(3)),
    -- The first day it may be gone.
    expires_on Date CODEC(Delta, ZSTD(1)),
    inserted_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    INDEX distinct_id_filter distinct_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ${REPLICATED}ReplacingMergeTree(inserted_at)
PARTITION BY toMonday(timestamp)
ORDER BY (project_id, trace_id, event_uuid, name)
TTL expires_on
SETTINGS index_granularity = 1024, ttl_only_drop_parts = 1, ${DEDUPLICATION};

${CLUSTER_ONLY}
CREATE TABLE IF NOT EXISTS ai_texts ${ON_CLUSTER} AS ai_texts_local
ENGINE = Distributed(${CLUSTER_NAME}, currentDatabase(), ai_texts_local, cityHash64(trace_id))
${END_CLUSTER_ONLY};
