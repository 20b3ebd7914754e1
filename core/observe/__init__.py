"""What can be seen from outside of what a client does: events, and who reads them: log lines, OpenTelemetry, on_event.

The engine tells each step as one event, and composes no sentence. No event's fact is a prompt, an API key, a body or a
URL. Imports model and declare alone.
"""
