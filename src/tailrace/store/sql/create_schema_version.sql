CREATE TABLE IF NOT EXISTS schema_version
(
    version UInt32,
    made_at DateTime('UTC') DEFAULT now()
)
ENGINE = MergeTree
ORDER BY version
