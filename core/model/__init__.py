"""What users hold: requests, tasks, money, options, errors and their words. Imports nothing of the other rooms."""
