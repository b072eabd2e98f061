-- The pieces of a file follow each other in one partition: this one belongs to the newest row of that file.
UPDATE forwarded_files
   SET content = content || %(content)s
 WHERE id = (SELECT max(id)
               FROM forwarded_files
              WHERE target = %(target)s AND raw_topic = %(raw_topic)s AND raw_partition = %(partition)s
                AND station = %(station)s AND file_name = %(file_name)s AND sha256 = %(sha256)s)
   AND octet_length(content) = %(offset)s
