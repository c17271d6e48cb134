SELECT
    sum(rows) AS rows,
    count() AS parts,
    sum(bytes_on_disk) AS bytes,
    if(rows = 0, 0., bytes / rows) AS bytes_per_event,
    toUInt64((
        SELECT max(parts_of_one)
        FROM
        (
            SELECT count() AS parts_of_one
            FROM system.parts
            WHERE database = {database:String} AND table = 'events_data' AND active
            GROUP BY partition_id
        )
    )) AS parts_per_partition_max,
    (
        SELECT count()
        FROM system.merges
        WHERE database = {database:String} AND table = 'events_data'
    ) AS merges,
    (
        SELECT count()
        FROM system.mutations
        WHERE database = {database:String} AND table = 'events_data' AND NOT is_done
    ) AS mutations,
    (SELECT if(count() = 0, NULL, min(received_at)) FROM events_data) AS received_at_oldest,
    (SELECT if(count() = 0, NULL, max(received_at)) FROM events_data) AS received_at_newest
FROM system.parts
WHERE database = {database:String} AND table = 'events_data' AND active
