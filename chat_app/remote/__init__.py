"""AI servers, which run agents elsewhere: asks them, follows their streams, starts them."""
