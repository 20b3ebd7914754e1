"""Who may send now: rate limits, active tasks, fair turns, cooldowns, ceilings. Imports model, account and clock."""
