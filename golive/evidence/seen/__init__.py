"""The words for what each step observed, a module a part of the procedure."""
