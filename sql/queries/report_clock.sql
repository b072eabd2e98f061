SELECT clock_defect, clock_since FROM listening WHERE clock_defect IS NOT NULL
