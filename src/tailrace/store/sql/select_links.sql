SELECT
    cityHash64(other_id) AS id,
    (toUnixTimestamp64Milli(timestamp), cityHash64(user_id)) AS first,
    now64(3, 'UTC') AS stored_at
FROM events_data
ARRAY JOIN [anonymous_id, if(type = 'alias', previous_id, '')] AS other_id
WHERE user_id != ''
    AND other_id NOT IN ('', user_id)
    AND lower(user_id) NOT IN ('null', 'undefined', 'none', 'nan', 'anonymous', 'unknown', 'guest')
    AND lower(other_id) NOT IN ('null', 'undefined', 'none', 'nan', 'anonymous', 'unknown', 'guest')
    AND NOT match(user_id, '^([0-]*|-1)$')
    AND NOT match(other_id, '^([0-]*|-1)$')
