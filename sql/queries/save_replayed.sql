UPDATE kafka_progress SET replayed_before = %(beyond)s WHERE topic = %(topic)s AND partition = %(partition)s
