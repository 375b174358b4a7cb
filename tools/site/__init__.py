"""Documentation site: documents, linked files and docstrings as one searchable tree of pages."""
