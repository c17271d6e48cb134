CREATE OR REPLACE VIEW groups AS
SELECT
    e.group_id AS group_id,
    min(e.timestamp) AS first_seen,
    max(e.timestamp) AS last_seen,
    count() AS events,
    uniqExactIf({person}, {person} != 0) AS users,
    CAST(ifNull(nullIf(argMaxIf(toJSONString(e.traits), e.timestamp, e.type = 'group'), ''), '{}') AS JSON) AS traits
FROM events_data AS e
WHERE e.group_id != ''
GROUP BY e.group_id
