-- Events: what stores them, what the writer inserts into, and the view that turns one into the other.
--
-- On one server `events` is the table itself. On a cluster the rows are in `events_local` of each shard and `events`
-- is the Distributed table over them; the same holds for the others. The variables are filled by variables() in apps/clickhouse/migrator.py.
-- Why this order, why the JSON type: docs/decisions/0004-events-table.md.

CREATE TABLE IF NOT EXISTS events${LOCAL} ${ON_CLUSTER}
(
    project_id UInt64,
    -- The event's name as sent.
    event LowCardinality(String),
    -- When it happened, corrected for the sender's clock.
    timestamp DateTime64(6, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    -- The human behind the distinct id at the time of writing.
    person_id UUID,
    -- The sender's own id of the event: the same id is the same event.
    uuid UUID CODEC(ZSTD(1)),
    distinct_id String CODEC(ZSTD(1)),
    -- One subcolumn a key for the commonest keys of each part, the rest together; how to read them: properties.py.
    properties JSON(max_dynamic_paths = 256) CODEC(ZSTD(1)),
    -- When our door took it.
    received_at DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    -- When it became readable here; the newest version of an event wins.
    inserted_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    -- The event log's entry it came from: after a crash the writer asks what of an entry is already here.
    entry String CODEC(ZSTD(1)),
    -- Text that the engine could not read as a JSON object, kept whole; empty for every healthy event.
    unreadable_properties String CODEC(ZSTD(1)),
    INDEX received_at_range received_at TYPE minmax GRANULARITY 1,
    -- Recovery asks for entries of the last minutes: the range finds the day, the filter what is left of it.
    INDEX entry_range entry TYPE minmax GRANULARITY 1,
    INDEX entry_filter entry TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ${REPLICATED}ReplacingMergeTree(inserted_at)
PARTITION BY toYYYYMM(timestamp)
PRIMARY KEY (project_id, event, toDate(timestamp), cityHash64(distinct_id))
ORDER BY (project_id, event, toDate(timestamp), cityHash64(distinct_id), uuid)
SETTINGS ${DEDUPLICATION};

CREATE TABLE IF NOT EXISTS events_landing${LOCAL} ${ON_CLUSTER}
(
    project_id UInt64,
    uuid String,
    event String,
    distinct_id String,
    person_id String,
    timestamp_us Int64,
    received_us Int64,
    properties String,
    entry String
)
ENGINE = Null;

-- Text that the engine cannot read becomes an empty object and is kept beside it: one property must never hold up a
-- batch. The door refuses or mends such text before; 0002 turns what still came through into a dead letter.
CREATE MATERIALIZED VIEW IF NOT EXISTS events_landing_to_events ${ON_CLUSTER} TO events${LOCAL} AS
WITH accurateCastOrNull(events_landing${LOCAL}.properties, 'JSON(max_dynamic_paths = 256)') AS parsed
SELECT
    project_id,
    event,
    fromUnixTimestamp64Micro(timestamp_us, 'UTC') AS timestamp,
    toUUID(person_id) AS person_id,
    toUUID(uuid) AS uuid,
    distinct_id,
    assumeNotNull(parsed) AS properties,
    fromUnixTimestamp64Micro(received_us, 'UTC') AS received_at,
    entry,
    if(isNull(parsed), events_landing${LOCAL}.properties, '') AS unreadable_properties
FROM events_landing${LOCAL}
SETTINGS
    input_format_try_infer_dates = 0,
    input_format_try_infer_datetimes = 0,
    json_type_escape_dots_in_keys = 1,
    type_json_skip_duplicated_paths = 1;

${CLUSTER_ONLY}
CREATE TABLE IF NOT EXISTS events ${ON_CLUSTER} AS events_local
ENGINE = Distributed(${CLUSTER_NAME}, currentDatabase(), events_local, cityHash64(distinct_id))
${END_CLUSTER_ONLY};

${CLUSTER_ONLY}
CREATE TABLE IF NOT EXISTS events_landing ${ON_CLUSTER} AS events_landing_local
ENGINE = Distributed(${CLUSTER_NAME}, currentDatabase(), events_landing_local, cityHash64(distinct_id))
${END_CLUSTER_ONLY};
