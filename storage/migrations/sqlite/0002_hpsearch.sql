-- What is known for ever about a study: its finished trials up to a number.
CREATE TABLE hpsearch_tallies (
	study_id INTEGER NOT NULL PRIMARY KEY REFERENCES studies (study_id) ON DELETE CASCADE,
	upto INTEGER NOT NULL,       -- the highest number that was looked at
	open_json TEXT NOT NULL,     -- ids of the trials up to it that had not finished
	complete INTEGER NOT NULL,   -- finished trials up to it, by state
	pruned INTEGER NOT NULL,
	fail INTEGER NOT NULL,
	best_id INTEGER,             -- the best COMPLETE one of them; NULL: none
	best_number INTEGER,
	best_value FLOAT
);
CREATE TRIGGER hpsearch_tally_deleted AFTER DELETE ON studies BEGIN
	DELETE FROM hpsearch_tallies WHERE study_id = OLD.study_id;
END;

-- The call that last began something with the trial.
ALTER TABLE hpsearch_trials ADD COLUMN token BIGINT NOT NULL DEFAULT 0;

-- At least the highest trial number that hpsearch gave, and 1.
ALTER TABLE hpsearch_studies ADD COLUMN next_number INTEGER NOT NULL DEFAULT 0;
