"""The workers: raw records from Kafka, through decoding, quality control, model and judgement, into one transaction."""
