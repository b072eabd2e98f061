SELECT since, until FROM listening
