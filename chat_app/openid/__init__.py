"""Signing in with an OpenID issuer: the only importer of Authlib and joserfc."""
