"""HTTP: calls, retries, result files. The only room that knows aiohttp and backoff. Imports translate.messages."""
