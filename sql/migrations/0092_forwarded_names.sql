-- Whether a file of this name was forwarded before is asked for every MQTT message.
CREATE INDEX forwarded_files_name ON forwarded_files (target, station, file_name);
