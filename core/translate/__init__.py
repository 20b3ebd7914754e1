"""Request and offer to HTTP call, HTTP answer to task or error: pure. Imports model, declare and account."""
