SELECT
    cityHash64(other_id) AS id,
    (toUnixTimestamp64Milli(timestamp), cityHash64(user_id)) AS first,
    now64(3, 'UTC') AS stored_at
FROM
(
    SELECT user_id, timestamp, if(type = 'alias', [anonymous_id, previous_id], [anonymous_id]) AS other_ids
    FROM events_data
    WHERE user_id != ''
        AND (anonymous_id != '' OR previous_id != '')
        AND lower(user_id) NOT IN ('null', 'undefined', 'none', 'nan', 'anonymous', 'unknown', 'guest')
        AND NOT match(user_id, '^([0-]*|-1)$')
)
ARRAY JOIN other_ids AS other_id
WHERE other_id NOT IN ('', user_id)
    AND lower(other_id) NOT IN ('null', 'undefined', 'none', 'nan', 'anonymous', 'unknown', 'guest')
    AND NOT match(other_id, '^([0-]*|-1)$')
