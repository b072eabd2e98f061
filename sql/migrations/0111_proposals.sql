-- Limits, rules and stations changed by two people: one proposes, another approves. What a role of ours may do to the
-- catalogue stays with the owner; these functions alone reach it, for two different accounts that may.

CREATE TABLE proposals (
    id          bigint       GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind        text         NOT NULL CHECK (kind IN ('limits', 'rules', 'stations')),
    document    text         NOT NULL CHECK (length(document) BETWEEN 1 AND 1000000),
    note        text         NOT NULL DEFAULT '' CHECK (length(note) <= 2000),
    proposed_by text COLLATE "C" NOT NULL REFERENCES accounts (login),
    proposed_at timestamptz  NOT NULL DEFAULT clock_timestamp(),
    mark        text         NOT NULL,
    state       text         NOT NULL DEFAULT 'proposed'
                             CHECK (state IN ('proposed', 'approved', 'refused', 'withdrawn')),
    decided_by  text COLLATE "C" REFERENCES accounts (login),
    decided_at  timestamptz,
    CHECK ((state = 'proposed') = (decided_at IS NULL) AND (state = 'proposed') = (decided_by IS NULL)),
    CHECK (state <> 'approved' OR decided_by <> proposed_by)
);
COMMENT ON TABLE proposals IS 'Changes of limits, rules and stations, as TOML, that wait for a second person or were decided.';
COMMENT ON COLUMN proposals.mark IS 'Of the catalogue when it was proposed: when it has changed since, the proposal is stale.';

CREATE FUNCTION catalogue_mark() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT encode(sha256(convert_to(concat_ws('|',
        (SELECT jsonb_agg(to_jsonb(r) ORDER BY r.code, r.effective_from) FROM public.stations r)::text,
        (SELECT jsonb_agg(to_jsonb(r) ORDER BY r.station, r.effective_from, r.parameter) FROM public.sensors r)::text,
        (SELECT jsonb_agg(to_jsonb(r) ORDER BY r.code, r.effective_from) FROM public.limit_sets r)::text,
        (SELECT jsonb_agg(to_jsonb(r) ORDER BY r.limit_set, r.effective_from, r.parameter)
           FROM public.limit_values r)::text,
        (SELECT jsonb_agg(to_jsonb(r) ORDER BY r.code, r.effective_from) FROM public.alert_rules r)::text
    ), 'UTF8')), 'hex')
$$;

-- The account in whose name the page acts, if it may change the catalogue; else NULL.
CREATE FUNCTION catalogue_account() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT a.login FROM public.accounts a
     WHERE a.login = current_setting('quantrac.actor', true) AND a.active AND a.role IN ('manager', 'admin')
       AND cardinality(a.stations) = 0
$$;

CREATE FUNCTION propose(of_kind text, of_document text, with_note text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who text := public.catalogue_account();
    made bigint;
BEGIN
    IF who IS NULL THEN
        RAISE EXCEPTION 'this account proposes nothing' USING ERRCODE = 'insufficient_privilege';
    END IF;
    INSERT INTO public.proposals (kind, document, note, proposed_by, mark)
    VALUES (of_kind, of_document, with_note, who, public.catalogue_mark()) RETURNING id INTO made;
    PERFORM public.audit_append('proposal made', 'proposal ' || made, jsonb_build_object(
        'kind', of_kind, 'sha256', encode(sha256(convert_to(of_document, 'UTF8')), 'hex'), 'note', with_note));
    RETURN made;
END
$$;

-- Whether the acting account may decide a proposal now: 'done', or why not. Holds the catalogue still until the COMMIT.
CREATE FUNCTION may_decide(of_proposal bigint, to_state text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who text := public.catalogue_account();
    p public.proposals;
    same boolean;
BEGIN
    LOCK TABLE public.stations, public.sensors, public.limit_sets, public.limit_values, public.alert_rules
        IN SHARE ROW EXCLUSIVE MODE;
    PERFORM 1 FROM public.registry_state FOR UPDATE;
    SELECT * INTO p FROM public.proposals k WHERE k.id = of_proposal FOR UPDATE;
    IF who IS NULL OR p.id IS NULL THEN
        RETURN 'not_allowed';
    ELSIF p.state <> 'proposed' THEN
        RETURN 'decided';
    END IF;
    -- Two logins of one person are one person.
    same := who = p.proposed_by OR EXISTS (
        SELECT 1 FROM public.accounts a JOIN public.accounts b ON a.person = b.person
         WHERE a.login = who AND b.login = p.proposed_by);
    IF to_state = 'withdrawn' THEN
        RETURN CASE WHEN who = p.proposed_by THEN 'done' ELSE 'not_yours' END;
    ELSIF to_state = 'refused' THEN
        RETURN CASE WHEN same THEN 'same_person' ELSE 'done' END;
    ELSIF same THEN
        RETURN 'same_person';
    ELSIF p.mark <> public.catalogue_mark() THEN
        RETURN 'stale';
    END IF;
    RETURN 'done';
END
$$;

-- Decides a proposal. For an approval `tables` holds the rows that its document means, as the page has computed them.
CREATE FUNCTION decide_proposal(of_proposal bigint, to_state text, tables jsonb) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    answer text := public.may_decide(of_proposal, to_state);
    kept record;
    changed record;
BEGIN
    IF answer <> 'done' THEN
        RETURN answer;
    ELSIF to_state NOT IN ('approved', 'refused', 'withdrawn') THEN
        RAISE EXCEPTION 'no such decision' USING ERRCODE = 'check_violation';
    END IF;
    UPDATE public.proposals SET state = to_state, decided_by = public.catalogue_account(), decided_at = clock_timestamp()
     WHERE id = of_proposal;
    PERFORM public.audit_append('proposal ' || to_state, 'proposal ' || of_proposal, '{}');
    IF to_state <> 'approved' THEN
        RETURN answer;
    END IF;
    FOR kept IN SELECT * FROM jsonb_populate_recordset(NULL::public.stations, tables -> 'stations') LOOP
        DELETE FROM public.sensors s WHERE s.station = kept.code AND s.effective_from = kept.effective_from;
    END LOOP;
    INSERT INTO public.stations AS s SELECT * FROM jsonb_populate_recordset(NULL::public.stations, tables -> 'stations')
    ON CONFLICT (code, effective_from) DO UPDATE SET
        name_vi = excluded.name_vi, name_en = excluded.name_en, kind = excluded.kind, park = excluded.park,
        operator = excluded.operator, longitude = excluded.longitude, latitude = excluded.latitude,
        old_codes = excluded.old_codes, permit_flow_m3_per_day = excluded.permit_flow_m3_per_day,
        limit_set = excluded.limit_set, kq = excluded.kq, kf = excluded.kf, permit_limits = excluded.permit_limits,
        contacts = excluded.contacts, illustration = excluded.illustration, logger = excluded.logger,
        effective_to = excluded.effective_to, channels = excluded.channels;
    INSERT INTO public.sensors SELECT * FROM jsonb_populate_recordset(NULL::public.sensors, tables -> 'sensors');
    FOR kept IN SELECT * FROM jsonb_populate_recordset(NULL::public.limit_sets, tables -> 'limit_sets') LOOP
        DELETE FROM public.limit_values v WHERE v.limit_set = kept.code AND v.effective_from = kept.effective_from;
    END LOOP;
    INSERT INTO public.limit_sets AS s
    SELECT * FROM jsonb_populate_recordset(NULL::public.limit_sets, tables -> 'limit_sets')
    ON CONFLICT (code, effective_from) DO UPDATE SET
        effective_to = excluded.effective_to, title_vi = excluded.title_vi, title_en = excluded.title_en,
        source = excluded.source;
    INSERT INTO public.limit_values
    SELECT * FROM jsonb_populate_recordset(NULL::public.limit_values, tables -> 'limit_values');
    INSERT INTO public.alert_rules AS s
    SELECT * FROM jsonb_populate_recordset(NULL::public.alert_rules, tables -> 'alert_rules')
    ON CONFLICT (code, effective_from) DO UPDATE SET document = excluded.document;
    IF tables ? 'effective_limits' THEN
        DELETE FROM public.effective_limits;
        INSERT INTO public.effective_limits
        SELECT * FROM jsonb_populate_recordset(NULL::public.effective_limits, tables -> 'effective_limits');
    END IF;
    -- Judged anew by the workers, as after an import.
    FOR changed IN
        SELECT * FROM jsonb_to_recordset(tables -> 'rejudged')
            AS r (station text, parameter text, first date, beyond date)
    LOOP
        UPDATE public.reading_hours h SET dirty = true, rejudged = true
         WHERE h.station = changed.station AND h.parameter = changed.parameter AND NOT h.dirty
           AND (h.hour_start AT TIME ZONE 'Asia/Ho_Chi_Minh')::date >= changed.first
           AND (h.hour_start AT TIME ZONE 'Asia/Ho_Chi_Minh')::date < changed.beyond;
        UPDATE public.reading_days d SET dirty = true, rejudged = true
         WHERE d.station = changed.station AND d.parameter = changed.parameter AND NOT d.dirty
           AND d.day >= changed.first AND d.day < changed.beyond;
    END LOOP;
    IF jsonb_array_length(coalesce(tables -> 'stations', '[]')) > 0 THEN
        UPDATE public.registry_state SET version = version + 1, imported_at = now(), sha256 = tables ->> 'sha256';
    END IF;
    RETURN answer;
END
$$;
REVOKE EXECUTE ON FUNCTION catalogue_mark(), catalogue_account(), propose(text, text, text), may_decide(bigint, text),
    decide_proposal(bigint, text, jsonb) FROM PUBLIC;
