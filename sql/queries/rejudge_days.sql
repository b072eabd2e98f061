-- What is still dirty was not judged yet: it will be, and is no retrospective finding for that.
UPDATE reading_days AS kept SET dirty = true, rejudged = true
  FROM unnest(%(stations)s::text[], %(parameters)s::text[], %(firsts)s::date[], %(beyonds)s::date[])
       AS changed (station, parameter, first, beyond)
 WHERE kept.station = changed.station AND kept.parameter = changed.parameter
   AND day >= changed.first AND day < changed.beyond
   AND NOT kept.dirty
