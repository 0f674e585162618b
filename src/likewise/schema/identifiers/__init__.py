"""Personal identifiers: recognised by form, check digit and name, and words to make new ones of."""
