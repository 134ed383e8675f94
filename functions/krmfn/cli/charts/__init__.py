"""Charts brought into a package: found, fetched, completed, checked and written."""
