"""HTTP: calls, retries, result files and where they go. The only room that knows aiohttp, backoff and obstore.

Imports translate.messages.
"""
