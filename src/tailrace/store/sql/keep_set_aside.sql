ALTER TABLE set_aside MODIFY TTL toDateTime(received_at) + toIntervalDay({set_aside_days:UInt32})
