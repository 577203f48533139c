-- People: what questions need to know of them. The truth is in the relational tables of apps/people; these are mirrors,
-- written again and again with the same or a higher version, so the highest version of a key is what holds.
-- Why overrides of person ids, why mirrors: docs/decisions/0009-people.md.

-- A person that was merged away and the one who stands for them now: always one hop, however long the chain was.
CREATE TABLE IF NOT EXISTS person_overrides${LOCAL} ${ON_CLUSTER}
(
    project_id UInt64,
    old_person_id UUID,
    person_id UUID,
    -- Microseconds since 1970 at which it was decided, and more than the version before it.
    version UInt64 CODEC(Delta, ZSTD(1)),
    is_deleted UInt8
)
ENGINE = ${REPLICATED}ReplacingMergeTree(version, is_deleted)
ORDER BY (project_id, old_person_id)
SETTINGS ${DEDUPLICATION};

CREATE TABLE IF NOT EXISTS person_distinct_ids${LOCAL} ${ON_CLUSTER}
(
    project_id UInt64,
    distinct_id String CODEC(ZSTD(1)),
    person_id UUID,
    version UInt64 CODEC(Delta, ZSTD(1)),
    is_deleted UInt8
)
ENGINE = ${REPLICATED}ReplacingMergeTree(version, is_deleted)
ORDER BY (project_id, distinct_id)
SETTINGS ${DEDUPLICATION};

CREATE TABLE IF NOT EXISTS persons${LOCAL} ${ON_CLUSTER}
(
    project_id UInt64,
    person_id UUID,
    properties JSON(max_dynamic_paths = 256) CODEC(ZSTD(1)),
    -- When they were first seen, by the time of the event.
    created_at DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    is_identified UInt8,
    version UInt64 CODEC(Delta, ZSTD(1)),
    is_deleted UInt8
)
ENGINE = ${REPLICATED}ReplacingMergeTree(version, is_deleted)
ORDER BY (project_id, person_id)
SETTINGS ${DEDUPLICATION};

CREATE TABLE IF NOT EXISTS groups${LOCAL} ${ON_CLUSTER}
(
    project_id UInt64,
    -- Which of the project's five group types.
    group_index UInt8,
    group_key String CODEC(ZSTD(1)),
    properties JSON(max_dynamic_paths = 256) CODEC(ZSTD(1)),
    created_at DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    version UInt64 CODEC(Delta, ZSTD(1)),
    is_deleted UInt8
)
ENGINE = ${REPLICATED}ReplacingMergeTree(version, is_deleted)
ORDER BY (project_id, group_index, group_key)
SETTINGS ${DEDUPLICATION};

-- Properties come as text, as those of events do: the driver has no words for the JSON type.
CREATE TABLE IF NOT EXISTS persons_landing${LOCAL} ${ON_CLUSTER}
(
    project_id UInt64,
    person_id String,
    properties String,
    created_us Int64,
    is_identified UInt8,
    version UInt64,
    is_deleted UInt8
)
ENGINE = Null;

CREATE MATERIALIZED VIEW IF NOT EXISTS persons_landing_to_persons ${ON_CLUSTER} TO persons${LOCAL} AS
SELECT
    project_id,
    toUUID(person_id) AS person_id,
    ifNull(accurateCastOrNull(persons_landing${LOCAL}.properties, 'JSON(max_dynamic_paths = 256)'), '{}'::JSON(max_dynamic_paths = 256)) AS properties,
    fromUnixTimestamp64Micro(created_us, 'UTC') AS created_at,
    is_identified,
    version,
    is_deleted
FROM persons_landing${LOCAL}
SETTINGS
    input_format_try_infer_dates = 0,
    input_format_try_infer_datetimes = 0,
    json_type_escape_dots_in_keys = 1,
    type_json_skip_duplicated_paths = 1;

CREATE TABLE IF NOT EXISTS groups_landing${LOCAL} ${ON_CLUSTER}
(
    project_id UInt64,
    group_index UInt8,
    group_key String,
    properties String,
    created_us Int64,
    version UInt64,
    is_deleted UInt8
)
ENGINE = Null;

CREATE MATERIALIZED VIEW IF NOT EXISTS groups_landing_to_groups ${ON_CLUSTER} TO groups${LOCAL} AS
SELECT
    project_id,
    group_index,
    group_key,
    ifNull(accurateCastOrNull(groups_landing${LOCAL}.properties, 'JSON(max_dynamic_paths = 256)'), '{}'::JSON(max_dynamic_paths = 256)) AS properties,
    fromUnixTimestamp64Micro(created_us, 'UTC') AS created_at,
    version,
    is_deleted
FROM groups_landing${LOCAL}
SETTINGS
    input_format_try_infer_dates = 0,
    input_format_try_infer_datetimes = 0,
    json_type_escape_dots_in_keys = 1,
    type_json_skip_duplicated_paths = 1;

${CLUSTER_ONLY}
CREATE TABLE IF NOT EXISTS person_overrides ${ON_CLUSTER} AS person_overrides_local
ENGINE = Distributed(${CLUSTER_NAME}, currentDatabase(), person_overrides_local, cityHash64(old_person_id))
${END_CLUSTER_ONLY};

${CLUSTER_ONLY}
CREATE TABLE IF NOT EXISTS person_distinct_ids ${ON_CLUSTER} AS person_distinct_ids_local
ENGINE = Distributed(${CLUSTER_NAME}, currentDatabase(), person_distinct_ids_local, cityHash64(distinct_id))
${END_CLUSTER_ONLY};

${CLUSTER_ONLY}
CREATE TABLE IF NOT EXISTS persons ${ON_CLUSTER} AS persons_local
ENGINE = Distributed(${CLUSTER_NAME}, currentDatabase(), persons_local, cityHash64(person_id))
${END_CLUSTER_ONLY};

${CLUSTER_ONLY}
CREATE TABLE IF NOT EXISTS groups ${ON_CLUSTER} AS groups_local
ENGINE = Distributed(${CLUSTER_NAME}, currentDatabase(), groups_local, cityHash64(group_key))
${END_CLUSTER_ONLY};

${CLUSTER_ONLY}
CREATE TABLE IF NOT EXISTS persons_landing ${ON_CLUSTER} AS persons_landing_local
ENGINE = Distributed(${CLUSTER_NAME}, currentDatabase(), persons_landing_local, cityHash64(person_id))
${END_CLUSTER_ONLY};

${CLUSTER_ONLY}
CREATE TABLE IF NOT EXISTS groups_landing ${ON_CLUSTER} AS groups_landing_local
ENGINE = Distributed(${CLUSTER_NAME}, currentDatabase(), groups_landing_local, cityHash64(group_key))
${END_CLUSTER_ONLY};
