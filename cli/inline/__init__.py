"""Pictures in the terminal itself (--show): which way it takes them, and the encoders, which are pure."""
