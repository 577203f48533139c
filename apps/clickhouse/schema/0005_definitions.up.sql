-- What a project was seen to send: its events, and the properties of events, persons and groups with their types. The
-- writer notes each about once a minute, so rows come again and again; the earliest and the latest time of a key hold.
-- Why not asked of the events themselves: docs/decisions/0014-definitions.md.

CREATE TABLE IF NOT EXISTS seen_events${LOCAL} ${ON_CLUSTER}
(
    project_id UInt64,
    event String CODEC(ZSTD(1)),
    -- By the time of the events.
    first_seen SimpleAggregateFunction(min, DateTime64(6, 'UTC')),
    last_seen SimpleAggregateFunction(max, DateTime64(6, 'UTC'))
)
ENGINE = ${REPLICATED}AggregatingMergeTree
ORDER BY (project_id, event)
SETTINGS ${DEDUPLICATION};

CREATE TABLE IF NOT EXISTS seen_properties${LOCAL} ${ON_CLUSTER}
(
    project_id UInt64,
    -- Whose property it is: event, person or group.
    scope LowCardinality(String),
    -- The event that carried it; of a group's property the group type, of a person's nothing.
    carrier String CODEC(ZSTD(1)),
    property String CODEC(ZSTD(1)),
    -- String, Numeric, Boolean, DateTime, Array or Object; a property may be seen with several.
    type LowCardinality(String),
    first_seen SimpleAggregateFunction(min, DateTime64(6, 'UTC')),
    last_seen SimpleAggregateFunction(max, DateTime64(6, 'UTC'))
)
ENGINE = ${REPLICATED}AggregatingMergeTree
ORDER BY (project_id, scope, carrier, property, type)
SETTINGS ${DEDUPLICATION};

${CLUSTER_ONLY}
CREATE TABLE IF NOT EXISTS seen_events ${ON_CLUSTER} AS seen_events_local
ENGINE = Distributed(${CLUSTER_NAME}, currentDatabase(), seen_events_local, cityHash64(event))
${END_CLUSTER_ONLY};

${CLUSTER_ONLY}
CREATE TABLE IF NOT EXISTS seen_properties ${ON_CLUSTER} AS seen_properties_local
ENGINE = Distributed(${CLUSTER_NAME}, currentDatabase(), seen_properties_local, cityHash64(property))
${END_CLUSTER_ONLY};
