"""Tables whose rows are the life of a person, a machine or an account: learnt, drawn and continued as histories."""
