"""Who is on call, as forms: what a form means as a document. Whether it is in order says ``alerts.oncall.document``."""
