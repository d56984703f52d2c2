"""The API's manners, the same on every route: problems, request ids, keys and scopes, idempotency, pages."""
