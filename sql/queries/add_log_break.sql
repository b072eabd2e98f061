INSERT INTO raw_log_breaks (topic, partition, kind, first_offset, beyond_offset, noticed_at, told)
SELECT %(topic)s, %(partition)s, %(kind)s, %(first)s, %(beyond)s, %(now)s, %(told)s
 WHERE NOT EXISTS (
        SELECT FROM raw_log_breaks
         WHERE topic = %(topic)s AND partition = %(partition)s AND kind = %(kind)s
           AND first_offset = %(first)s AND beyond_offset = %(beyond)s
       )
