SELECT id::text, retrospective_before FROM installation
