-- The frequent writes of a trial's life. Each is an insert into a view that
-- exists on the writing connection alone; its trigger does the work, so that
-- a write is one statement. What a trigger finds otherwise than it was said
-- to be, it refuses, and the statement has changed nothing.

CREATE TEMP VIEW start_trial AS SELECT
	NULL AS study_id, NULL AS number, NULL AS most, NULL AS started,
	NULL AS worker, NULL AS lease_until, NULL AS token, NULL AS heartbeat;

CREATE TEMP TRIGGER start_trial INSTEAD OF INSERT ON start_trial BEGIN
	-- Not MAX: with anything around it SQLite walks all numbers of the study.
	SELECT RAISE(ABORT, 'hpsearch: refused')
	WHERE NEW.number >= 0 AND NEW.number <>
			COALESCE((SELECT number FROM trials WHERE study_id = NEW.study_id ORDER BY number DESC LIMIT 1), -1) + 1
		OR NEW.most > 0 AND NEW.most <=
			COALESCE((SELECT number FROM trials WHERE study_id = NEW.study_id ORDER BY number DESC LIMIT 1), -1) + 1
		OR NOT EXISTS (SELECT 1 FROM studies WHERE study_id = NEW.study_id)
		OR EXISTS (SELECT 1 FROM hpsearch_studies WHERE study_id = NEW.study_id AND paused);
	INSERT INTO trials (number, study_id, state, datetime_start) VALUES (
		COALESCE((SELECT number FROM trials WHERE study_id = NEW.study_id ORDER BY number DESC LIMIT 1), -1) + 1,
		NEW.study_id, 'RUNNING', NEW.started);
	-- The id stays the last one: it is the key of the second table, too.
	INSERT INTO hpsearch_trials (trial_id, attempt, worker, lease_until, token)
		VALUES (last_insert_rowid(), 1, NEW.worker, NEW.lease_until, NEW.token);
	INSERT INTO trial_heartbeats (trial_id, heartbeat) VALUES (last_insert_rowid(), NEW.heartbeat);
END;

-- The claim that a write is made under. A claim without a worker's name is
-- judged by its attempt alone.
CREATE TEMP VIEW renew_trial AS SELECT
	NULL AS study_id, NULL AS trial_id, NULL AS number, NULL AS attempt, NULL AS worker,
	NULL AS lease_until, NULL AS heartbeat;

CREATE TEMP TRIGGER renew_trial INSTEAD OF INSERT ON renew_trial BEGIN
	SELECT RAISE(ABORT, 'hpsearch: refused') WHERE NOT EXISTS (
		SELECT 1 FROM trials t JOIN hpsearch_trials h ON h.trial_id = t.trial_id
		WHERE t.trial_id = NEW.trial_id AND t.study_id = NEW.study_id AND t.number = NEW.number AND t.state = 'RUNNING'
			AND h.attempt = NEW.attempt AND (NEW.worker = '' OR h.worker = NEW.worker));
	UPDATE hpsearch_trials SET lease_until = NEW.lease_until WHERE trial_id = NEW.trial_id;
	INSERT INTO trial_heartbeats (trial_id, heartbeat) VALUES (NEW.trial_id, NEW.heartbeat)
		ON CONFLICT (trial_id) DO UPDATE SET heartbeat = excluded.heartbeat;
END;

CREATE TEMP VIEW report_trial AS SELECT
	NULL AS study_id, NULL AS trial_id, NULL AS number, NULL AS attempt, NULL AS worker,
	NULL AS step, NULL AS value, NULL AS value_type, NULL AS metrics_json;

CREATE TEMP TRIGGER report_trial INSTEAD OF INSERT ON report_trial BEGIN
	SELECT RAISE(ABORT, 'hpsearch: refused') WHERE NOT EXISTS (
		SELECT 1 FROM trials t JOIN hpsearch_trials h ON h.trial_id = t.trial_id
		WHERE t.trial_id = NEW.trial_id AND t.study_id = NEW.study_id AND t.number = NEW.number AND t.state = 'RUNNING'
			AND h.attempt = NEW.attempt AND (NEW.worker = '' OR h.worker = NEW.worker));
	INSERT INTO trial_intermediate_values (trial_id, step, intermediate_value, intermediate_value_type)
		VALUES (NEW.trial_id, NEW.step, NEW.value, NEW.value_type)
		ON CONFLICT (trial_id, step) DO UPDATE SET
			intermediate_value = excluded.intermediate_value, intermediate_value_type = excluded.intermediate_value_type;
	INSERT INTO hpsearch_reports (trial_id, step, metrics_json) VALUES (NEW.trial_id, NEW.step, NEW.metrics_json)
		ON CONFLICT (trial_id, step) DO UPDATE SET metrics_json = excluded.metrics_json;
END;

-- At most one value: those of several objectives are written in the general
-- way.
CREATE TEMP VIEW finish_trial AS SELECT
	NULL AS study_id, NULL AS trial_id, NULL AS number, NULL AS attempt, NULL AS worker,
	NULL AS state, NULL AS completed, NULL AS value, NULL AS value_type,
	NULL AS reason, NULL AS message, NULL AS metrics_json, NULL AS artifacts_json,
	NULL AS shown_reason, NULL AS shown_message;

CREATE TEMP TRIGGER finish_trial INSTEAD OF INSERT ON finish_trial BEGIN
	SELECT RAISE(ABORT, 'hpsearch: refused') WHERE NOT EXISTS (
		SELECT 1 FROM trials t JOIN hpsearch_trials h ON h.trial_id = t.trial_id
		WHERE t.trial_id = NEW.trial_id AND t.study_id = NEW.study_id AND t.number = NEW.number AND t.state = 'RUNNING'
			AND h.attempt = NEW.attempt AND (NEW.worker = '' OR h.worker = NEW.worker))
		OR NEW.value_type IS NOT NULL AND EXISTS (
			SELECT 1 FROM study_directions WHERE study_id = NEW.study_id AND objective > 0);
	UPDATE trials SET state = NEW.state, datetime_complete = NEW.completed WHERE trial_id = NEW.trial_id;
	UPDATE hpsearch_trials SET lease_until = NULL, reason = NEW.reason, message = NEW.message,
		metrics_json = NEW.metrics_json, artifacts_json = NEW.artifacts_json WHERE trial_id = NEW.trial_id;
	INSERT INTO trial_values (trial_id, objective, value, value_type)
		SELECT NEW.trial_id, 0, NEW.value, NEW.value_type WHERE NEW.value_type IS NOT NULL
		ON CONFLICT (trial_id, objective) DO UPDATE SET value = excluded.value, value_type = excluded.value_type;
	INSERT INTO trial_user_attributes (trial_id, "key", value_json)
		SELECT NEW.trial_id, name, value
		FROM (SELECT 'hpsearch:reason' AS name, NEW.shown_reason AS value UNION ALL SELECT 'hpsearch:message', NEW.shown_message)
		WHERE value IS NOT NULL
		ON CONFLICT (trial_id, "key") DO UPDATE SET value_json = excluded.value_json;
END;
