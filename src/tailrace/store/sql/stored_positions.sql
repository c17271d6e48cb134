SELECT raw_partition, raw_offset, raw_index
FROM {table:Identifier}
WHERE received_at >= {from:DateTime64(3, 'UTC')} - toIntervalMillisecond(1)
    AND received_at <= {until:DateTime64(3, 'UTC')}
