SELECT *
FROM events_data
WHERE message_id = {message_id:String}
    AND ({source:String} = '' OR source = {source:String})
ORDER BY received_at DESC, raw_offset DESC, raw_index DESC
LIMIT 100
