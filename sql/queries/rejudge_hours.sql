-- What is still dirty was not judged yet: it will be, and is no retrospective finding for that.
UPDATE reading_hours AS kept SET dirty = true, rejudged = true
  FROM unnest(%(stations)s::text[], %(parameters)s::text[], %(firsts)s::date[], %(beyonds)s::date[])
       AS changed (station, parameter, first, beyond)
 WHERE kept.station = changed.station AND kept.parameter = changed.parameter
   AND (hour_start AT TIME ZONE 'Asia/Ho_Chi_Minh')::date >= changed.first AND (hour_start AT TIME ZONE 'Asia/Ho_Chi_Minh')::date < changed.beyond
   AND NOT kept.dirty
