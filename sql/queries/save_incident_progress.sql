UPDATE incident_progress SET handed_over_at = %(handed_over_at)s, summarised_at = %(summarised_at)s
