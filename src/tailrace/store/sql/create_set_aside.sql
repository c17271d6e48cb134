CREATE TABLE IF NOT EXISTS set_aside
(
    message_id String CODEC(ZSTD(1)),
    source LowCardinality(String) CODEC(ZSTD(1)),
    received_at DateTime64(3, 'UTC') CODEC(ZSTD(1)),
    outcome LowCardinality(String) CODEC(ZSTD(1)),
    reason LowCardinality(String) CODEC(ZSTD(1)),
    detail String CODEC(ZSTD(1)),
    type LowCardinality(String) CODEC(ZSTD(1)),
    event String CODEC(ZSTD(1)),
    raw_partition UInt32 CODEC(ZSTD(1)),
    raw_offset UInt64 CODEC(ZSTD(1)),
    raw_index UInt32 CODEC(ZSTD(1)),
    original String CODEC(ZSTD(1)),
    stored_at DateTime('UTC') DEFAULT now() CODEC(ZSTD(1)),
    INDEX by_message_id message_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toDate(received_at)
ORDER BY (received_at, source)
SETTINGS
    ttl_only_drop_parts = 1,
    non_replicated_deduplication_window = 10000,
    fsync_after_insert = 1,
    fsync_part_directory = 1
