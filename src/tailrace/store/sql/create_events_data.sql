CREATE TABLE IF NOT EXISTS events_data
(
    message_id String CODEC(ZSTD(1)),
    type LowCardinality(String) CODEC(ZSTD(1)),
    event LowCardinality(String) CODEC(ZSTD(1)),
    name String CODEC(ZSTD(1)),
    user_id String CODEC(ZSTD(1)),
    anonymous_id String CODEC(ZSTD(1)),
    group_id String CODEC(ZSTD(1)),
    previous_id String CODEC(ZSTD(1)),
    source LowCardinality(String) CODEC(ZSTD(1)),
    timestamp DateTime64(3, 'UTC') CODEC(T64, LZ4),
    original_timestamp Nullable(DateTime64(3, 'UTC')) CODEC(T64, LZ4),
    sent_at Nullable(DateTime64(3, 'UTC')) CODEC(T64, LZ4),
    received_at DateTime64(3, 'UTC') CODEC(T64, LZ4),
    properties JSON(max_dynamic_paths = 256) CODEC(ZSTD(1)),
    traits JSON(max_dynamic_paths = 64) CODEC(ZSTD(1)),
    context String CODEC(ZSTD(1)),
    context_fields Tuple(
        locale Nullable(String),
        page Tuple(
            path Nullable(String),
            referrer Nullable(String),
            title Nullable(String),
            url Nullable(String)
        ),
        timezone Nullable(String)
    ) MATERIALIZED JSONExtract(
        context,
        'Tuple(locale Nullable(String), page Tuple(path Nullable(String), referrer Nullable(String), title Nullable(String), url Nullable(String)), timezone Nullable(String))'
    ) CODEC(ZSTD(1)),
    integrations String CODEC(ZSTD(1)),
    ip String CODEC(ZSTD(1)),
    browser LowCardinality(String) CODEC(ZSTD(1)),
    os LowCardinality(String) CODEC(ZSTD(1)),
    device LowCardinality(String) CODEC(ZSTD(1)),
    is_bot Bool CODEC(ZSTD(1)),
    campaign_name String CODEC(ZSTD(1)),
    campaign_source String CODEC(ZSTD(1)),
    campaign_medium String CODEC(ZSTD(1)),
    campaign_term String CODEC(ZSTD(1)),
    campaign_content String CODEC(ZSTD(1)),
    library LowCardinality(String) CODEC(ZSTD(1)),
    raw_partition UInt32 CODEC(ZSTD(1)),
    raw_offset UInt64 CODEC(ZSTD(1)),
    raw_index UInt32 CODEC(ZSTD(1)),
    original String CODEC(ZSTD(1)),
    problem LowCardinality(String) CODEC(ZSTD(1)),
    stored_at DateTime('UTC') DEFAULT now() CODEC(ZSTD(1)),
    actor UInt64 MATERIALIZED cityHash64(if(user_id = '', anonymous_id, user_id)) CODEC(LZ4),
    INDEX by_timestamp timestamp TYPE minmax GRANULARITY 1,
    INDEX by_received_at received_at TYPE minmax GRANULARITY 1,
    INDEX by_message_id message_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_user_id user_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_anonymous_id anonymous_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX words_in_original replaceAll(replaceAll(lowerUTF8(original), '\\/', '/'), '\\', ' xbackslashx ')
        TYPE text(tokenizer = 'splitByNonAlpha'),
    INDEX words_in_context replaceAll(replaceAll(lowerUTF8(context), '\\/', '/'), '\\', ' xbackslashx ')
        TYPE text(tokenizer = 'splitByNonAlpha'),
    INDEX words_in_columns lowerUTF8(concatWithSeparator(' ', type, event, source, browser, os, device, user_id))
        TYPE text(tokenizer = 'splitByNonAlpha'),
    PROJECTION by_hour
    (
        SELECT intDiv(toUnixTimestamp64Milli(timestamp), 3600000), event, type, source, count()
        GROUP BY intDiv(toUnixTimestamp64Milli(timestamp), 3600000), event, type, source
    )
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(received_at)
ORDER BY (event, toStartOfHour(timestamp), actor)
SETTINGS
    max_bytes_to_merge_at_max_space_in_pool = 3221225472,
    min_bytes_for_wide_part = 268435456,
    min_parts_to_merge_at_once = 20,
    min_partition_age_to_force_merge_seconds = 259200,
    non_replicated_deduplication_window = 10000,
    text_index_max_memory_usage_before_flush = 134217728,
    fsync_after_insert = 1,
    fsync_part_directory = 1
