-- Stations that are retired, and hours and days that are judged again because an import changed what limits them.

ALTER TABLE stations ADD COLUMN effective_to date CHECK (effective_to > effective_from);
COMMENT ON COLUMN stations.effective_to IS 'First day on which the station is retired; NULL: it is in service.';

CREATE OR REPLACE VIEW current_stations AS
SELECT * FROM (
    SELECT DISTINCT ON (code)
           code, effective_from, name_vi, name_en, kind, park, operator, longitude, latitude, old_codes,
           permit_flow_m3_per_day, limit_set, kq, kf, permit_limits, illustration, effective_to
      FROM stations
     WHERE effective_from <= (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
     ORDER BY code, effective_from DESC
) AS in_force
 WHERE effective_to IS NULL OR effective_to > (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date;

ALTER TABLE reading_hours ADD COLUMN rejudged boolean NOT NULL DEFAULT false;
ALTER TABLE reading_days ADD COLUMN rejudged boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN reading_hours.rejudged IS 'An import changed what limits it after it was judged: the new finding is retrospective.';
COMMENT ON COLUMN reading_days.rejudged IS 'An import changed what limits it after it was judged: the new finding is retrospective.';
