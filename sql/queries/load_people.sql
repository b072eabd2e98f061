SELECT document FROM people WHERE active ORDER BY position, code
