-- Written when it changes only: the sweep comes by every few seconds.
UPDATE listening
   SET clock_defect = %(defect)s::text,
       clock_since = CASE WHEN %(defect)s::text IS NOT NULL THEN coalesce(clock_since, %(now)s::timestamptz) END
 WHERE clock_defect IS DISTINCT FROM %(defect)s::text
