"""The centre's page: routes of a few lines over stores and pure functions, templates, and small scripts of our own."""
