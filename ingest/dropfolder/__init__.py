"""The drop folder: station files as an FTP or SFTP server writes them, into the raw topic."""
