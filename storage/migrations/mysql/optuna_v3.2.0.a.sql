-- Optuna's schema at alembic revision v3.2.0.a (Optuna 3.2 to 5), table for
-- table as Optuna creates it on MySQL and MariaDB. MySQL
-- commits each statement by itself: none fails when it was executed before.

CREATE TABLE IF NOT EXISTS studies (
	study_id INTEGER NOT NULL AUTO_INCREMENT,
	study_name VARCHAR(512) NOT NULL,
	PRIMARY KEY (study_id),
	UNIQUE INDEX ix_studies_study_name (study_name)
);

CREATE TABLE IF NOT EXISTS version_info (
	version_info_id INTEGER NOT NULL,
	schema_version INTEGER,
	library_version VARCHAR(256),
	PRIMARY KEY (version_info_id),
	CHECK (version_info_id=1)
);

CREATE TABLE IF NOT EXISTS study_directions (
	study_direction_id INTEGER NOT NULL AUTO_INCREMENT,
	direction ENUM('NOT_SET', 'MINIMIZE', 'MAXIMIZE') NOT NULL,
	study_id INTEGER NOT NULL,
	objective INTEGER NOT NULL,
	PRIMARY KEY (study_direction_id),
	UNIQUE (study_id, objective),
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);

CREATE TABLE IF NOT EXISTS study_user_attributes (
	study_user_attribute_id INTEGER NOT NULL AUTO_INCREMENT,
	study_id INTEGER,
	`key` VARCHAR(512),
	value_json TEXT,
	PRIMARY KEY (study_user_attribute_id),
	UNIQUE (study_id, `key`),
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);

CREATE TABLE IF NOT EXISTS study_system_attributes (
	study_system_attribute_id INTEGER NOT NULL AUTO_INCREMENT,
	study_id INTEGER,
	`key` VARCHAR(512),
	value_json TEXT,
	PRIMARY KEY (study_system_attribute_id),
	UNIQUE (study_id, `key`),
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);

CREATE TABLE IF NOT EXISTS trials (
	trial_id INTEGER NOT NULL AUTO_INCREMENT,
	number INTEGER,
	study_id INTEGER,
	state ENUM('RUNNING', 'COMPLETE', 'PRUNED', 'FAIL', 'WAITING') NOT NULL,
	datetime_start DATETIME,
	datetime_complete DATETIME,
	PRIMARY KEY (trial_id),
	INDEX ix_trials_study_id (study_id),
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);

CREATE TABLE IF NOT EXISTS trial_user_attributes (
	trial_user_attribute_id INTEGER NOT NULL AUTO_INCREMENT,
	trial_id INTEGER,
	`key` VARCHAR(512),
	value_json TEXT,
	PRIMARY KEY (trial_user_attribute_id),
	UNIQUE (trial_id, `key`),
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);

CREATE TABLE IF NOT EXISTS trial_system_attributes (
	trial_system_attribute_id INTEGER NOT NULL AUTO_INCREMENT,
	trial_id INTEGER,
	`key` VARCHAR(512),
	value_json TEXT,
	PRIMARY KEY (trial_system_attribute_id),
	UNIQUE (trial_id, `key`),
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);

CREATE TABLE IF NOT EXISTS trial_params (
	param_id INTEGER NOT NULL AUTO_INCREMENT,
	trial_id INTEGER,
	param_name VARCHAR(512),
	param_value FLOAT(53),
	distribution_json TEXT,
	PRIMARY KEY (param_id),
	UNIQUE (trial_id, param_name),
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);

CREATE TABLE IF NOT EXISTS trial_values (
	trial_value_id INTEGER NOT NULL AUTO_INCREMENT,
	trial_id INTEGER NOT NULL,
	objective INTEGER NOT NULL,
	value FLOAT(53),
	value_type ENUM('FINITE', 'INF_POS', 'INF_NEG') NOT NULL,
	PRIMARY KEY (trial_value_id),
	UNIQUE (trial_id, objective),
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);

CREATE TABLE IF NOT EXISTS trial_intermediate_values (
	trial_intermediate_value_id INTEGER NOT NULL AUTO_INCREMENT,
	trial_id INTEGER NOT NULL,
	step INTEGER NOT NULL,
	intermediate_value FLOAT(53),
	intermediate_value_type ENUM('FINITE', 'INF_POS', 'INF_NEG', 'NAN') NOT NULL,
	PRIMARY KEY (trial_intermediate_value_id),
	UNIQUE (trial_id, step),
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);

CREATE TABLE IF NOT EXISTS trial_heartbeats (
	trial_heartbeat_id INTEGER NOT NULL AUTO_INCREMENT,
	trial_id INTEGER NOT NULL,
	heartbeat DATETIME NOT NULL,
	PRIMARY KEY (trial_heartbeat_id),
	UNIQUE (trial_id),
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);

CREATE TABLE IF NOT EXISTS alembic_version (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

INSERT IGNORE INTO version_info (version_info_id, schema_version, library_version) VALUES (1, 12, '5.0.0');
INSERT IGNORE INTO alembic_version (version_num) VALUES ('v3.2.0.a');
