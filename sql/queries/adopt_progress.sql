-- Progress of a version that did not know the topic's id.
UPDATE kafka_progress SET topic = %(topic)s
 WHERE topic = %(before)s AND NOT EXISTS (SELECT FROM kafka_progress WHERE topic = %(topic)s)
