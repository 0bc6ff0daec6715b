"""The terminal as equipment: enrolment, credentials, and what a broker must know of them."""
