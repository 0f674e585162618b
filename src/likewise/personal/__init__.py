"""People who do not exist: names, addresses and numbers that agree, made and never learnt."""
