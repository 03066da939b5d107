"""Proving who asks: passwords, tokens, cookies, CSRF."""
