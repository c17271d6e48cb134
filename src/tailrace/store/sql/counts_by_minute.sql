SELECT
    toString(source) AS source,
    intDiv(toUnixTimestamp(received_at), 60) AS minute,
    count() AS events
FROM events_data
WHERE received_at >= fromUnixTimestamp64Milli({from:Int64} * 60000, 'UTC')
    AND received_at < fromUnixTimestamp64Milli({until:Int64} * 60000, 'UTC')
GROUP BY source, minute
