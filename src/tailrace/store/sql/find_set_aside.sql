SELECT *
FROM set_aside
WHERE message_id = {message_id:String}
ORDER BY received_at DESC, raw_offset DESC, raw_index DESC
LIMIT 100
