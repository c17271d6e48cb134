CREATE TABLE IF NOT EXISTS load_groups
(
    partition UInt32,
    first UInt64,
    mark String,
    next UInt64,
    made_at DateTime('UTC') DEFAULT now()
)
ENGINE = ReplacingMergeTree
ORDER BY (partition, first, mark)
SETTINGS
    fsync_after_insert = 1,
    fsync_part_directory = 1
