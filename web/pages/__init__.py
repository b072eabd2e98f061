"""The pages, by what they are about; each module has its ``ROUTES``."""
