"""City codes: minting, binding, resolving and describing every entity of the city."""
