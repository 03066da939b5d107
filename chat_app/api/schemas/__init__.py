"""The shapes of bodies and answers, one file a noun."""
