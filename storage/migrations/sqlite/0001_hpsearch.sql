-- What hpsearch keeps beside Optuna's tables. Optuna never reads these.

CREATE TABLE hpsearch_version (
	id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
	version INTEGER NOT NULL
);
INSERT INTO hpsearch_version (id, version) VALUES (1, 0);

CREATE TABLE hpsearch_studies (
	study_id INTEGER NOT NULL PRIMARY KEY REFERENCES studies (study_id) ON DELETE CASCADE,
	definition_json TEXT,  -- NULL or '': a study of Optuna's
	paused BOOLEAN NOT NULL DEFAULT 0,
	created_at DATETIME    -- naive UTC, as Optuna's times
);

-- A row for each trial that hpsearch started or ended at least once.
CREATE TABLE hpsearch_trials (
	trial_id INTEGER NOT NULL PRIMARY KEY REFERENCES trials (trial_id) ON DELETE CASCADE,
	attempt INTEGER NOT NULL,             -- times started
	released INTEGER NOT NULL DEFAULT 0,  -- of these, ended in a release
	worker VARCHAR(512) NOT NULL,
	lease_until BIGINT,                   -- microseconds since 1970; NULL: no lease
	reason VARCHAR(64),
	message TEXT,
	metrics_json TEXT,
	artifacts_json TEXT
);

-- The metrics of a report; its value is in trial_intermediate_values.
CREATE TABLE hpsearch_reports (
	trial_id INTEGER NOT NULL REFERENCES trials (trial_id) ON DELETE CASCADE,
	step INTEGER NOT NULL,
	metrics_json TEXT NOT NULL,
	PRIMARY KEY (trial_id, step)
) WITHOUT ROWID;

CREATE UNIQUE INDEX hpsearch_trials_number ON trials (study_id, number);
CREATE INDEX hpsearch_trials_state ON trials (study_id, state, number);

-- Optuna deletes studies on connections that do not enforce foreign keys, and
-- SQLite then gives the same ids to new rows: triggers leave no orphan behind.
CREATE TRIGGER hpsearch_study_deleted AFTER DELETE ON studies BEGIN
	DELETE FROM hpsearch_studies WHERE study_id = OLD.study_id;
END;
CREATE TRIGGER hpsearch_trial_deleted AFTER DELETE ON trials BEGIN
	DELETE FROM hpsearch_trials WHERE trial_id = OLD.trial_id;
	DELETE FROM hpsearch_reports WHERE trial_id = OLD.trial_id;
END;
