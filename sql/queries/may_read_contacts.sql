SELECT has_column_privilege('stations', 'contacts', 'SELECT')
