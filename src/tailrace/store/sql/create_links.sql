CREATE TABLE IF NOT EXISTS links
(
    id UInt64,
    first SimpleAggregateFunction(min, Tuple(Int64, UInt64)),
    stored_at SimpleAggregateFunction(max, DateTime64(3, 'UTC'))
)
ENGINE = AggregatingMergeTree
ORDER BY id
SETTINGS
    non_replicated_deduplication_window = 10000,
    fsync_after_insert = 1,
    fsync_part_directory = 1
