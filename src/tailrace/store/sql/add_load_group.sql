INSERT INTO load_groups (partition, first, mark, next)
VALUES ({partition:UInt32}, {first:UInt64}, {mark:String}, {next:UInt64})
