SELECT carry_receipts(
    %(origins)s::text[], %(stations)s::text[], %(hours)s::timestamptz[], %(acknowledged)s::bigint[],
    %(by_file)s::boolean[], %(raw_topics)s::text[], %(raw_partitions)s::integer[], %(last_offsets)s::bigint[]
)
