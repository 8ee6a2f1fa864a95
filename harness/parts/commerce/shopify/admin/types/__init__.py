"""What each type of the schema answers: for each field a function of the thing and the request."""
