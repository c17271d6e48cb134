DELETE FROM load_groups
WHERE partition = {partition:UInt32} AND first < {position:UInt64}
