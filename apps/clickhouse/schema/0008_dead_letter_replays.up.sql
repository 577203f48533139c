-- What became of a dead letter that was sent through the door again; writing a letter once more replaces its row.

ALTER TABLE dead_letters${LOCAL} ${ON_CLUSTER}
    -- When it was tried again; NULL: never.
    ADD COLUMN IF NOT EXISTS replayed_at Nullable(DateTime64(6, 'UTC')),
    -- 'accepted', or the code of why it was refused again.
    ADD COLUMN IF NOT EXISTS outcome LowCardinality(String);

${CLUSTER_ONLY}
ALTER TABLE dead_letters ${ON_CLUSTER}
    ADD COLUMN IF NOT EXISTS replayed_at Nullable(DateTime64(6, 'UTC')),
    ADD COLUMN IF NOT EXISTS outcome LowCardinality(String)
${END_CLUSTER_ONLY};
