CREATE TABLE instances (
	sequence INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	sop_instance_uid TEXT NOT NULL, 
	sop_class_uid TEXT NOT NULL, 
	study_instance_uid TEXT NOT NULL, 
	series_instance_uid TEXT NOT NULL, 
	path TEXT NOT NULL, 
	size INTEGER NOT NULL, 
	digest TEXT NOT NULL, 
	transfer_syntax_uid TEXT NOT NULL, 
	received_at VARCHAR(27) NOT NULL, 
	calling_ae TEXT NOT NULL, 
	called_ae TEXT NOT NULL, 
	peer_address TEXT NOT NULL, 
	association_id TEXT NOT NULL, 
	CONSTRAINT uq_instances_sop_instance_uid UNIQUE (sop_instance_uid), 
	CONSTRAINT uq_instances_path UNIQUE (path)
);
CREATE INDEX ix_instances_study_instance_uid_series_instance_uid ON instances (study_instance_uid, series_instance_uid);
CREATE TABLE set_aside (
	id INTEGER NOT NULL, 
	code TEXT NOT NULL, 
	message TEXT NOT NULL, 
	sop_class_uid TEXT NOT NULL, 
	sop_instance_uid TEXT NOT NULL, 
	study_instance_uid TEXT, 
	series_instance_uid TEXT, 
	path TEXT NOT NULL, 
	size INTEGER NOT NULL, 
	digest TEXT NOT NULL, 
	transfer_syntax_uid TEXT NOT NULL, 
	received_at VARCHAR(27) NOT NULL, 
	calling_ae TEXT NOT NULL, 
	called_ae TEXT NOT NULL, 
	peer_address TEXT NOT NULL, 
	association_id TEXT NOT NULL, 
	CONSTRAINT pk_set_aside PRIMARY KEY (id), 
	CONSTRAINT uq_set_aside_path UNIQUE (path)
);
CREATE INDEX ix_set_aside_code ON set_aside (code);
CREATE TABLE series_status (
	study_instance_uid TEXT NOT NULL, 
	series_instance_uid TEXT NOT NULL, 
	state TEXT NOT NULL, 
	reasons JSON NOT NULL, 
	digest TEXT NOT NULL, 
	updated_at VARCHAR(27) NOT NULL, 
	CONSTRAINT pk_series_status PRIMARY KEY (study_instance_uid, series_instance_uid)
);
CREATE INDEX ix_series_status_updated_at ON series_status (updated_at);
CREATE TABLE removed (
	id INTEGER NOT NULL, 
	study_instance_uid TEXT NOT NULL, 
	series_instance_uid TEXT NOT NULL, 
	instances INTEGER NOT NULL, 
	size INTEGER NOT NULL, 
	first_received_at VARCHAR(27) NOT NULL, 
	last_received_at VARCHAR(27) NOT NULL, 
	removed_at VARCHAR(27) NOT NULL, 
	CONSTRAINT pk_removed PRIMARY KEY (id)
);
CREATE INDEX ix_removed_removed_at ON removed (removed_at);
CREATE TABLE jobs (
	number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	job_id TEXT NOT NULL, 
	result_id TEXT NOT NULL, 
	route TEXT NOT NULL, 
	algorithm TEXT NOT NULL, 
	version TEXT NOT NULL, 
	state TEXT NOT NULL, 
	reason TEXT, 
	destinations JSON NOT NULL, 
	measurements JSON NOT NULL, 
	classifications JSON NOT NULL, 
	warnings JSON NOT NULL, 
	details JSON NOT NULL, 
	created_at VARCHAR(27) NOT NULL, 
	updated_at VARCHAR(27) NOT NULL, 
	not_before VARCHAR(27), 
	attempts INTEGER NOT NULL, 
	CONSTRAINT uq_jobs_job_id UNIQUE (job_id)
);
CREATE INDEX ix_jobs_result_id ON jobs (result_id);
CREATE INDEX ix_jobs_state_number ON jobs (state, number);
CREATE TABLE job_inputs (
	job_id TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	role TEXT NOT NULL, 
	study_instance_uid TEXT NOT NULL, 
	series_instance_uid TEXT NOT NULL, 
	instances JSON NOT NULL, 
	CONSTRAINT pk_job_inputs PRIMARY KEY (job_id, position), 
	CONSTRAINT fk_job_inputs_job_id FOREIGN KEY(job_id) REFERENCES jobs (job_id) ON DELETE CASCADE
);
CREATE INDEX ix_job_inputs_study_instance_uid_series_instance_uid ON job_inputs (study_instance_uid, series_instance_uid);
CREATE TABLE job_events (
	id INTEGER NOT NULL, 
	job_id TEXT NOT NULL, 
	at VARCHAR(27) NOT NULL, 
	old_state TEXT, 
	new_state TEXT NOT NULL, 
	reason TEXT, 
	CONSTRAINT pk_job_events PRIMARY KEY (id), 
	CONSTRAINT fk_job_events_job_id FOREIGN KEY(job_id) REFERENCES jobs (job_id) ON DELETE CASCADE
);
CREATE INDEX ix_job_events_job_id ON job_events (job_id);
CREATE TABLE job_objects (
	job_id TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	path TEXT NOT NULL, 
	sop_class_uid TEXT NOT NULL, 
	sop_instance_uid TEXT NOT NULL, 
	modality TEXT NOT NULL, 
	CONSTRAINT pk_job_objects PRIMARY KEY (job_id, position), 
	CONSTRAINT fk_job_objects_job_id FOREIGN KEY(job_id) REFERENCES jobs (job_id) ON DELETE CASCADE
);
CREATE TABLE deliveries (
	delivery_id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	job_id TEXT NOT NULL, 
	destination TEXT NOT NULL, 
	path TEXT NOT NULL, 
	sop_class_uid TEXT NOT NULL, 
	sop_instance_uid TEXT NOT NULL, 
	state TEXT NOT NULL, 
	attempts INTEGER NOT NULL, 
	next_attempt_at VARCHAR(27) NOT NULL, 
	last_error TEXT, 
	updated_at VARCHAR(27) NOT NULL, 
	CONSTRAINT uq_deliveries_job_id_destination_sop_instance_uid UNIQUE (job_id, destination, sop_instance_uid), 
	CONSTRAINT fk_deliveries_job_id FOREIGN KEY(job_id) REFERENCES jobs (job_id) ON DELETE CASCADE
);
CREATE INDEX ix_deliveries_state_destination_next_attempt_at ON deliveries (state, destination, next_attempt_at);
