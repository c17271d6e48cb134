SELECT
    toUnixTimestamp64Milli(now64(3, 'UTC')) AS now_ms,
    (
        SELECT count()
        FROM links FINAL
        WHERE id IN (
            SELECT id
            FROM links
            WHERE stored_at >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
        )
            AND dictGetOrDefault('people_by_id', 'user', id, 0) != tupleElement(first, 2)
    ) AS links
