"""Lists as files: CSV sent page by page, and workbooks written row by row. No list is ever whole in memory."""
