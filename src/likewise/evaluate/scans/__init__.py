"""Tables that are not held, measured in parts: counted on all rows where counts add up, and on a sample elsewhere."""
