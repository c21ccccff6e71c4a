-- What hpsearch keeps beside Optuna's tables. Optuna never reads these. There
-- was no version 1 on MySQL
-- and MariaDB. MySQL commits each statement by itself: what was executed before
-- is passed over.

CREATE TABLE IF NOT EXISTS hpsearch_version (
	id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
	version INTEGER NOT NULL
);
INSERT IGNORE INTO hpsearch_version (id, version) VALUES (1, 0);

CREATE TABLE IF NOT EXISTS hpsearch_studies (
	study_id INTEGER NOT NULL PRIMARY KEY,
	definition_json LONGTEXT,  -- NULL or '': a study of Optuna's
	paused BOOLEAN NOT NULL DEFAULT FALSE,
	created_at DATETIME(6),  -- naive UTC, as Optuna's times
	next_number INTEGER NOT NULL DEFAULT 0,  -- at least the highest trial number that hpsearch gave, and 1
	FOREIGN KEY (study_id) REFERENCES studies (study_id) ON DELETE CASCADE
);

-- A row for each trial that hpsearch enqueued, started or ended at least once.
CREATE TABLE IF NOT EXISTS hpsearch_trials (
	trial_id INTEGER NOT NULL PRIMARY KEY,
	attempt INTEGER NOT NULL,             -- times started
	released INTEGER NOT NULL DEFAULT 0,  -- of these, ended in a release
	worker VARCHAR(512) NOT NULL,
	lease_until BIGINT,                   -- microseconds since 1970; NULL: no lease
	reason VARCHAR(64),
	message LONGTEXT,
	metrics_json LONGTEXT,
	artifacts_json LONGTEXT,
	token BIGINT NOT NULL DEFAULT 0,  -- of the call that last began something with it
	FOREIGN KEY (trial_id) REFERENCES trials (trial_id) ON DELETE CASCADE
);

-- The metrics of a report; its value is in trial_intermediate_values.
CREATE TABLE IF NOT EXISTS hpsearch_reports (
	trial_id INTEGER NOT NULL,
	step INTEGER NOT NULL,
	metrics_json LONGTEXT NOT NULL,
	PRIMARY KEY (trial_id, step),
	FOREIGN KEY (trial_id) REFERENCES trials (trial_id) ON DELETE CASCADE
);

-- What is known for ever about a study: its finished trials up to a number.
CREATE TABLE IF NOT EXISTS hpsearch_tallies (
	study_id INTEGER NOT NULL PRIMARY KEY,
	upto INTEGER NOT NULL,       -- the highest number that was looked at
	open_json LONGTEXT NOT NULL,     -- ids of the trials up to it that had not finished
	complete INTEGER NOT NULL,   -- finished trials up to it, by state
	pruned INTEGER NOT NULL,
	fail INTEGER NOT NULL,
	best_id INTEGER,             -- the best COMPLETE one of them; NULL: none
	best_number INTEGER,
	best_value DOUBLE,
	FOREIGN KEY (study_id) REFERENCES studies (study_id) ON DELETE CASCADE
);

CREATE UNIQUE INDEX hpsearch_trials_number ON trials (study_id, number);
CREATE INDEX hpsearch_trials_state ON trials (study_id, state, number);
